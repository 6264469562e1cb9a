/* SPDX-License-Identifier: MIT */
/* Proves, on a model of the IO-APICs and of configuration space, that an interrupt line writes to
 * its device what the device needs, is masked from the beginning until it is unmasked, gives its
 * vector back, and that no two lines share one; that a device without mask bits is masked by
 * switching its MSI off, and its pin with it; and that a refused line leaves no trace. */
#include "tests/unit/irq/devices.h"

#define MASKED 0x10000u
#define LEVEL  0x8000u
#define LOW    0x2000u
#define USER   100u

static int start(void **state)
{
    (void)state;
    devices_start();
    return 0;
}

static u32 msi_control(u32 function)
{
    return space_word(function, MSI_AT) >> 16;
}

static void a_pin_is_programmed(void **state)
{
    s64 error = 0;
    u32 user, vector = line_open_pin(9, USER, 2, &error);

    (void)state;
    assert_in_range(vector, VECTOR_DEVICE_FIRST, VECTOR_DEVICE_LAST);
    assert_int_equal(entry_low(9), MASKED | LEVEL | vector);
    assert_int_equal(entry_high(9), 0x20u << 24);
    assert_true(line_is_level(vector));
    assert_true(line_user(vector, &user));
    assert_int_equal(user, USER);
    assert_int_equal(line_of_pin(9), vector);
    assert_int_equal(line_open_pin(9, USER, 0, &error), 0);
    assert_int_equal(error, -XEN_EBUSY);
    line_unmask(vector);
    assert_int_equal(entry_low(9), LEVEL | vector);
    line_aim(vector, 3);
    assert_int_equal(entry_low(9), LEVEL | vector);
    assert_int_equal(entry_high(9), 0x30u << 24);
    line_mask(vector);
    assert_int_equal(entry_low(9), MASKED | LEVEL | vector);
    line_unmask(vector);
    line_close(vector);
    assert_true(entry_low(9) & MASKED);
    assert_false(line_user(vector, &user));
    assert_int_equal(line_of_pin(9), 0);
}

static void forms_follow_the_bus_and_the_guest(void **state)
{
    s64 error = 0;
    u32 isa = line_open_pin(8, USER, 0, &error), pci = line_open_pin(25, USER, 0, &error);

    (void)state;
    assert_int_equal(entry_low(8), MASKED | isa);
    assert_int_equal(entry_low(25), MASKED | LEVEL | LOW | pci);
    ioapic_set_form(25, (struct pin_form){.level = true, .low = false});
    line_unmask(pci);
    assert_int_equal(entry_low(25), LEVEL | pci);
    line_close(isa);
    line_close(pci);
    assert_int_equal(line_open_pin(32, USER, 0, &error), 0);
    assert_int_equal(error, -XEN_EINVAL);
    assert_int_equal(line_open_pin(~0u, USER, 0, &error), 0);
    assert_false(ioapic_has_pin(32));
    assert_int_equal(ioapic_gsis(), 32);
}

static void the_hypervisors_own_pins_are_known(void **state)
{
    s64 error = 0;
    u32 timer = line_open_pin(2, USER, 0, &error), com1 = line_open_pin(4, USER, 0, &error);

    (void)state;
    assert_true(line_is_own(timer));
    assert_false(line_is_own(com1));
    devices.pic_enabled[4] = true;
    assert_true(line_is_own(com1));
    line_close(timer);
    line_close(com1);
}

static void registers_are_read_by_name(void **state)
{
    u32 value = 0, gsi = 0;
    bool high;

    (void)state;
    assert_true(ioapic_read(IOAPIC_A, 1, &value));
    assert_int_equal(value >> 16, 23);
    assert_true(ioapic_read(IOAPIC_A, 0x10 + 47, &value));
    assert_false(ioapic_read(IOAPIC_A, 0x10 + 48, &value));
    assert_false(ioapic_read(IOAPIC_A, 4, &value));
    assert_false(ioapic_read(IOAPIC_A, ~0u, &value));
    assert_false(ioapic_read(IOAPIC_A + 1, 1, &value));
    assert_true(ioapic_find_pin(IOAPIC_B, 0x10 + 3, &gsi, &high));
    assert_int_equal(gsi, 25);
    assert_true(high);
}

static void vectors_run_out_and_come_back(void **state)
{
    u32 vector[256], count = 0;
    s64 error = 0;

    (void)state;
    for (u32 gsi = 0; gsi < 32; gsi++) {
        vector[count++] = line_open_pin(gsi, gsi, 0, &error);
    }
    for (u32 i = 0; i < count; i++) {
        assert_int_not_equal(vector[i], 0x80);
        for (u32 k = 0; k < i; k++) {
            assert_int_not_equal(vector[i], vector[k]);
        }
    }
    while (count) {
        line_close(vector[--count]);
    }
    assert_int_equal(line_open_pin(0, 0, 0, &error), VECTOR_DEVICE_FIRST);
    line_close(VECTOR_DEVICE_FIRST);
}

static void an_msi_without_masks_is_held(void **state)
{
    s64 error = 0;
    u32 vector = line_open_messages(MSI_ONE, false, 0, 1, USER, 1, &error);

    (void)state;
    assert_int_not_equal(vector, 0);
    assert_int_equal(space_word(MSI_ONE, MSI_AT + 4), 0xfee10000);
    assert_int_equal(space_word(MSI_ONE, MSI_AT + 8), 0);
    assert_int_equal(space_word(MSI_ONE, MSI_AT + 12) & 0xffff, vector);
    assert_false(msi_control(MSI_ONE) & MSI_ENABLE);
    line_unmask(vector);
    assert_false(msi_control(MSI_ONE) & MSI_ENABLE); /* the guest has not switched it on */
    line_want_msi(MSI_ONE, true);
    assert_true(msi_control(MSI_ONE) & MSI_ENABLE);
    line_mask(vector);
    assert_false(msi_control(MSI_ONE) & MSI_ENABLE);
    assert_true(line_msi_is_wanted(MSI_ONE));
    assert_true(space_word(MSI_ONE, PCI_COMMAND) & PCI_COMMAND_INTX_OFF);
    line_unmask(vector);
    assert_true(msi_control(MSI_ONE) & MSI_ENABLE);
    assert_false(space_word(MSI_ONE, PCI_COMMAND) & PCI_COMMAND_INTX_OFF);
    line_aim(vector, 2);
    assert_int_equal(space_word(MSI_ONE, MSI_AT + 4), 0xfee20000);
    line_close(vector);
    assert_false(msi_control(MSI_ONE) & MSI_ENABLE);
    assert_false(line_msi_is_wanted(MSI_ONE));
}

static void several_messages_share_a_block_of_vectors(void **state)
{
    s64 error = 0;
    u32 user, first = line_open_messages(MSI_FOUR, false, 0, 3, USER, 0, &error);

    (void)state;
    assert_int_equal(first % 4, 0);
    assert_int_equal(msi_control(MSI_FOUR) >> MSI_COUNT_SET & MSI_COUNT_MASK, 2);
    assert_int_equal(space_word(MSI_FOUR, MSI_AT + 16) & 7, 7);
    line_unmask(first + 1);
    assert_int_equal(space_word(MSI_FOUR, MSI_AT + 16) & 7, 5);
    assert_true(line_user(first + 2, &user));
    assert_int_equal(user, USER + 2);
    assert_int_equal(line_open_messages(MSI_FOUR, false, 0, 1, USER, 0, &error), 0);
    assert_int_equal(error, -XEN_EBUSY);
    for (u32 i = 3; i-- > 0;) {
        line_close(first + i);
    }
    assert_int_equal(line_messages_of(MSI_FOUR), LINE_MESSAGES_NONE);
    assert_int_equal(line_open_messages(MSI_FOUR, false, 0, 5, USER, 0, &error), 0);
    assert_int_equal(error, -XEN_EINVAL);
    assert_int_equal(line_open_messages(MSI_ONE, false, 0, 2, USER, 0, &error), 0);
    assert_int_equal(error, -XEN_EINVAL);
}

static void entries_of_a_table(void **state)
{
    s64 error = 0;
    u32 third = line_open_messages(MSIX, true, 3, 1, USER, 1, &error);
    u32 fourth = line_open_messages(MSIX, true, 4, 1, USER + 1, 1, &error);

    (void)state;
    assert_int_equal(devices.table[3][0], 0xfee10000);
    assert_int_equal(devices.table[3][2], third);
    assert_int_equal(devices.table[3][3], 1);
    line_unmask(third);
    assert_int_equal(devices.table[3][3], 0);
    assert_int_equal(devices.table[4][3], 1);
    assert_int_equal(line_open_messages(MSIX, true, 3, 1, USER, 0, &error), 0);
    assert_int_equal(error, -XEN_EBUSY);
    assert_int_equal(line_open_messages(MSIX, true, TABLE_ENTRIES, 1, USER, 0, &error), 0);
    assert_int_equal(error, -XEN_EINVAL);
    assert_true(line_mask_unused(MSIX));
    assert_int_equal(devices.table[0][3], 1);
    assert_int_equal(devices.table[3][3], 0);
    memset(devices.table, 0, sizeof devices.table); /* the device has lost them */
    assert_true(line_restore(MSIX));
    assert_int_equal(devices.table[3][0], 0xfee10000);
    assert_int_equal(devices.table[3][2], third);
    assert_int_equal(devices.table[3][3], 0);
    assert_int_equal(devices.table[4][3], 1);
    line_close(third);
    assert_int_equal(devices.table[3][3], 1);
    line_close(fourth);
    assert_false(line_restore(MSIX));
}

static void what_a_device_lacks_is_refused(void **state)
{
    static const struct {
        u16 function;
        bool extended;
        s64 error;
    } bad[] = {{NOTHING, false, -XEN_ENODEV}, {NOTHING, true, -XEN_ENODEV},
               {PLAIN, false, -XEN_ENODEV},   {PLAIN, true, -XEN_ENODEV},
               {MSIX, false, -XEN_ENODEV},    {MSI_ONE, true, -XEN_ENODEV}};
    s64 error = 0;

    (void)state;
    for (u32 i = 0; i < ARRAY_LENGTH(bad); i++) {
        assert_int_equal(line_open_messages(bad[i].function, bad[i].extended, 0, 1, 0, 0, &error),
                         0);
        assert_int_equal(error, bad[i].error);
    }
    set_space_word(MSIX, PCI_COMMAND, PCI_STATUS_HAS_LIST << 16); /* its memory is not decoded */
    assert_int_equal(line_open_messages(MSIX, true, 0, 1, 0, 0, &error), 0);
    assert_int_equal(error, -XEN_ENXIO);
    assert_false(line_mask_unused(MSIX));
}

static void a_loop_of_capabilities_ends(void **state)
{
    (void)state;
    set_space_word(MSI_ONE, MSI_AT, MSI_AT << 8 | 0x42);
    assert_int_equal(pci_capability(MSI_ONE, PCI_CAPABILITY_MSI), 0);
    set_space_word(MSI_ONE, MSI_AT, 0x10 << 8 | 0x42); /* into the header */
    assert_int_equal(pci_capability(MSI_ONE, PCI_CAPABILITY_MSI), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(a_pin_is_programmed, start),
        cmocka_unit_test_setup(forms_follow_the_bus_and_the_guest, start),
        cmocka_unit_test_setup(the_hypervisors_own_pins_are_known, start),
        cmocka_unit_test_setup(registers_are_read_by_name, start),
        cmocka_unit_test_setup(vectors_run_out_and_come_back, start),
        cmocka_unit_test_setup(an_msi_without_masks_is_held, start),
        cmocka_unit_test_setup(several_messages_share_a_block_of_vectors, start),
        cmocka_unit_test_setup(entries_of_a_table, start),
        cmocka_unit_test_setup(what_a_device_lacks_is_refused, start),
        cmocka_unit_test_setup(a_loop_of_capabilities_ends, start),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
