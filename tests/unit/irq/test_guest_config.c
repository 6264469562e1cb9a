/* SPDX-License-Identifier: MIT */
/* Proves that the privileged domain's writes to configuration space reach the device, except what
 * the hypervisor programs: written at any offset and with any size, MSI's address, data, masks and
 * count keep their values, MSI is on only with a line, and MSI-X only when the unused entries of a
 * table that nobody can write to are masked. */
#include "tests/unit/irq/devices.h"

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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(msi_registers_are_kept, start),
        cmocka_unit_test_setup(msi_is_on_with_a_line_alone, start),
        cmocka_unit_test_setup(a_held_msi_reads_as_on, start),
        cmocka_unit_test_setup(msix_is_on_with_a_safe_table_alone, start),
        cmocka_unit_test_setup(all_else_is_written, start),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
