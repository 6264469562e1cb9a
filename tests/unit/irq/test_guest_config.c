/* SPDX-License-Identifier: MIT */
/* Proves that the privileged domain's writes to configuration space reach the device, except what
 * the hypervisor programs: written at any offset and with any size, MSI's address, data, masks and
 * count keep their values, MSI is on only with a line, and MSI-X only when the unused entries of a
 * table that nobody can write to are masked. And that a store to the window in memory does the
 * same, and reaches the registers that only the window has. */
#include "tests/unit/irq/devices.h"

#include "hypervisor/pci/window.h"

static int start(void **state)
{
    (void)state;
    devices_start();
    return 0;
}

/* Every write of every size within the capability of `length` bytes leaves all but the bits of
 * `free` in its first word as they were. */
static void check_kept(u32 function, u32 length, u32 free)
{
    u8 before[PCI_SPACE];

    memcpy(before, devices.space[function], sizeof before);
    for (u32 size = 1; size <= 4; size *= 2) {
        for (u32 at = MSI_AT; at < MSI_AT + length; at += size) {
            pci_guest_write((u16)function, at, size, 0xa5a5a5a5 | MSI_ENABLE << 16);
            pci_guest_write((u16)function, at, size, 0);
        }
    }
    u32 first;
    memcpy(&first, before + MSI_AT, sizeof first);
    assert_int_equal((space_word(function, MSI_AT) ^ first) & ~free, 0);
    assert_memory_equal(before + MSI_AT + 4, &devices.space[function][MSI_AT + 4], length - 4);
}

static void msi_registers_are_kept(void **state)
{
    s64 error = 0;

    (void)state;
    set_space_word(MSI_ONE, MSI_AT + 4, 0x11223344);
    check_kept(MSI_ONE, 16, 0);
    check_kept(MSI_FOUR, 24, 0);
    u32 vector = line_open_messages(MSI_FOUR, false, 0, 1, 0, 0, &error);
    check_kept(MSI_FOUR, 24, MSI_ENABLE << 16);
    line_close(vector);
}

static void msi_is_on_with_a_line_alone(void **state)
{
    s64 error = 0;

    (void)state;
    pci_guest_write(MSI_FOUR, MSI_AT + 2, 2, MSI_ENABLE);
    assert_false(space_word(MSI_FOUR, MSI_AT) >> 16 & MSI_ENABLE);
    u32 vector = line_open_messages(MSI_FOUR, false, 0, 1, 0, 0, &error);
    pci_guest_write(MSI_FOUR, MSI_AT, 4, MSI_ENABLE << 16);
    assert_true(space_word(MSI_FOUR, MSI_AT) >> 16 & MSI_ENABLE);
    pci_guest_write(MSI_FOUR, MSI_AT + 3, 1, 0xff); /* the other byte of the control word */
    assert_true(space_word(MSI_FOUR, MSI_AT) >> 16 & MSI_ENABLE);
    pci_guest_write(MSI_FOUR, MSI_AT + 2, 1, 0);
    assert_false(space_word(MSI_FOUR, MSI_AT) >> 16 & MSI_ENABLE);
    line_close(vector);
}

static void a_held_msi_reads_as_on(void **state)
{
    s64 error = 0;
    u32 vector = line_open_messages(MSI_ONE, false, 0, 1, 0, 0, &error);

    (void)state;
    pci_guest_write(MSI_ONE, MSI_AT + 2, 2, MSI_ENABLE);
    assert_false(space_word(MSI_ONE, MSI_AT) >> 16 & MSI_ENABLE);
    assert_true(pci_guest_read(MSI_ONE, MSI_AT + 2, 2) & MSI_ENABLE);
    assert_true(pci_guest_read(MSI_ONE, MSI_AT + 2, 1) & MSI_ENABLE);
    assert_true(pci_guest_read(MSI_ONE, MSI_AT, 4) >> 16 & MSI_ENABLE);
    assert_int_equal(pci_guest_read(MSI_ONE, MSI_AT + 3, 1), 0);
    line_close(vector);
    assert_false(pci_guest_read(MSI_ONE, MSI_AT + 2, 2) & MSI_ENABLE);
}

static u32 msix_control(void)
{
    return space_word(MSIX, MSIX_AT) >> 16;
}

static void msix_is_on_with_a_safe_table_alone(void **state)
{
    (void)state;
    pci_guest_write(MSIX, MSIX_AT + 2, 2, MSIX_ENABLE | MSIX_ALL_MASKED | (TABLE_ENTRIES - 1));
    assert_true(msix_control() & MSIX_ENABLE);
    assert_int_equal(devices.tables_found, 1);
    for (u32 i = 0; i < TABLE_ENTRIES; i++) {
        assert_int_equal(devices.table[i][3], 1);
    }
    pci_guest_write(MSIX, MSIX_AT + 2, 2, TABLE_ENTRIES - 1);
    assert_false(msix_control() & MSIX_ENABLE);
    devices.refuses_tables = true;
    pci_guest_write(MSIX, MSIX_AT + 3, 1, MSIX_ENABLE >> 8);
    assert_false(msix_control() & MSIX_ENABLE);
    devices.refuses_tables = false;
    set_space_word(MSIX, PCI_COMMAND, PCI_STATUS_HAS_LIST << 16); /* not decoded */
    pci_guest_write(MSIX, MSIX_AT, 4, (u32)MSIX_ENABLE << 16);
    assert_false(msix_control() & MSIX_ENABLE);
}

static void all_else_is_written(void **state)
{
    (void)state;
    pci_guest_write(MSI_ONE, PCI_COMMAND, 2, 7);
    assert_int_equal(pci_guest_read(MSI_ONE, PCI_COMMAND, 2), 7);
    pci_guest_write(MSI_ONE, 0x60, 4, 0x12345678); /* behind its capability */
    assert_int_equal(pci_guest_read(MSI_ONE, 0x60, 4), 0x12345678);
    pci_guest_write(MSI_ONE, 0x4c, 4, 0x12345678);
    assert_int_equal(pci_guest_read(MSI_ONE, 0x4c, 4), 0x12345678);
    pci_guest_write(PLAIN, 0x50, 4, 0x87654321);
    assert_int_equal(pci_guest_read(PLAIN, 0x50, 4), 0x87654321);
}

static mfn_t page_of(u32 function)
{
    return mfn((WINDOW >> PAGE_SHIFT) + function);
}

static void a_store_to_the_window_is_checked_alike(void **state)
{
    s64 error = 0;

    (void)state;
    assert_true(pci_window_found((struct pci_window){.base = WINDOW, .last_bus = 1}));
    assert_true(pci_window_found((struct pci_window){
        .base = WINDOW + (1 << 28), .segment = 1, .first_bus = 2, .last_bus = 2}));
    assert_int_equal(pci_window_first(pci_window(0)).n, WINDOW >> PAGE_SHIFT);
    assert_int_equal(pci_window_frames(pci_window(0)), 512);
    assert_int_equal(pci_window_first(pci_window(1)).n,
                     (WINDOW + (1 << 28) + (2 << 20)) >> PAGE_SHIFT);
    assert_int_equal(pci_window_frames(pci_window(1)), 256);
    assert_null(pci_window(2));

    pci_window_store(page_of(MSI_ONE), MSI_AT + 2, 2, MSI_ENABLE);
    assert_false(pci_guest_read(MSI_ONE, MSI_AT + 2, 2) & MSI_ENABLE);
    u32 vector = line_open_messages(MSI_FOUR, false, 0, 1, 0, 0, &error);
    u32 address = space_word(MSI_FOUR, MSI_AT + 4);
    pci_window_store(page_of(MSI_FOUR), MSI_AT, 8, 0xfee0100000000000 | (u64)MSI_ENABLE << 16);
    assert_int_equal(space_word(MSI_FOUR, MSI_AT + 4), address);
    assert_true(space_word(MSI_FOUR, MSI_AT) >> 16 & MSI_ENABLE);
    line_close(vector);
    pci_window_store(page_of(PLAIN), 0x50, 4, 0x87654321);
    assert_int_equal(space_word(PLAIN, 0x50), 0x87654321);
    pci_window_store(page_of(PLAIN), 0x60, 8, 0x1122334455667788);
    assert_int_equal(space_word(PLAIN, 0x60), 0x55667788);
    assert_int_equal(space_word(PLAIN, 0x64), 0x11223344);
}

static void a_store_to_the_window_reaches_extended_registers(void **state)
{
    u8 before[PCI_SPACE];

    (void)state;
    memcpy(before, devices.space[PLAIN], sizeof before);
    pci_window_store(page_of(PLAIN), 0x100, 4, 0x12345678);
    pci_window_store(page_of(PLAIN), 0x106, 2, 0xffffabcd);
    pci_window_store(page_of(PLAIN), 0x109, 1, 0xef);
    pci_window_store(page_of(PLAIN), 0xff8, 8, 0x1122334455667788);
    assert_memory_equal(&devices.extended[0x100], "\x78\x56\x34\x12\0\0\xcd\xab\0\xef", 10);
    assert_memory_equal(&devices.extended[0xff8], "\x88\x77\x66\x55\x44\x33\x22\x11", 8);
    /* Frames that are none, beside the window, and those of a segment that cannot be reached. */
    pci_window_store(mfn((WINDOW >> PAGE_SHIFT) - 1), 0x50, 4, 1);
    pci_window_store(mfn((WINDOW >> PAGE_SHIFT) + 512), 0x50, 4, 1);
    pci_window_store(pci_window_first(pci_window(1)), 0x50, 4, 1);
    pci_window_store(MFN_NONE, 0x50, 4, 1);
    assert_memory_equal(before, devices.space[PLAIN], sizeof before);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(msi_registers_are_kept, start),
        cmocka_unit_test_setup(msi_is_on_with_a_line_alone, start),
        cmocka_unit_test_setup(a_held_msi_reads_as_on, start),
        cmocka_unit_test_setup(msix_is_on_with_a_safe_table_alone, start),
        cmocka_unit_test_setup(all_else_is_written, start),
        cmocka_unit_test_setup(a_store_to_the_window_is_checked_alike, start),
        cmocka_unit_test_setup(a_store_to_the_window_reaches_extended_registers, start),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
