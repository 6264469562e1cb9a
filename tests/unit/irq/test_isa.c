/* SPDX-License-Identifier: MIT */
/* Proves that irq/isa brings the interrupt of a serial port by the 8259s if there are any; without
 * them by the IO-APIC's pin that the tables name, which then nobody else can open; and without such
 * a pin by asking again and again. */
#include "hypervisor/cpu/apic.h"
#include "hypervisor/irq/interrupt.h"
#include "hypervisor/irq/isa.h"
#include "hypervisor/time/timer.h"
#include "tests/unit/cpu/region.h"
#include "tests/unit/irq/devices.h"

#define COM1   4u
#define ACPI   9u
#define ABSENT 40u /* the GSI of a pin that no IO-APIC has */
#define MASKED 0x10000u

static struct {
    u32 accepted, armed, asked;
    u64 deadline;
    struct timer *timer;
} world;

void apic_accept_pic(void)
{
    world.accepted++;
}

void timer_set(struct timer *timer, u64 deadline)
{
    world.armed++;
    world.timer = timer;
    world.deadline = deadline;
}

bool interrupt_of_device(u32 irq)
{
    world.asked |= 1u << irq;
    return false;
}

static int start(void **state)
{
    (void)state;
    memset(&world, 0, sizeof world);
    devices_start();
    return 0;
}

static void by_the_8259s(void **state)
{
    (void)state;
    devices.has_pic = true;
    isa_start();
    isa_enable(COM1);
    assert_int_equal(world.accepted, 1);
    assert_true(devices.pic_enabled[COM1]);
    assert_int_equal(line_of_pin(COM1), 0);
}

static void by_an_ioapic(void **state)
{
    s64 error = 0;
    u32 user;

    (void)state;
    isa_start();
    isa_enable(COM1);
    isa_enable(ACPI);
    assert_int_equal(world.accepted, 0);
    assert_false(devices.pic_enabled[COM1]);
    u32 com1 = line_of_pin(COM1), acpi = line_of_pin(ACPI);
    assert_int_equal(entry_low(COM1), com1);
    assert_int_equal(entry_low(ACPI), 0x8000u | acpi); /* high and level: as the tables say */
    assert_int_equal(entry_high(COM1), 0);
    assert_true(line_user(com1, &user));
    assert_int_equal(user, LINE_USER_ISA + COM1);
    assert_int_equal(line_open_pin(COM1, 7, 1, &error), 0);
    assert_int_equal(error, -XEN_EBUSY);
    assert_int_equal(entry_low(COM1), com1); /* still open, and not masked */
    assert_int_equal(world.armed, 0);
    ioapic_start(); /* as for the privileged domain */
    assert_int_equal(entry_low(COM1), com1);
    line_close(com1);
    line_close(acpi);
}

static void by_asking(void **state)
{
    (void)state;
    ioapic_isa_override(COM1, ABSENT, 0, 0);
    isa_start();
    isa_enable(COM1);
    assert_int_equal(world.armed, 1);
    assert_int_equal(world.timer->kind, TIMER_DEVICES);
    assert_int_equal(world.asked, 0);
    assert_in_range(isa_poll(1000), 1001, 1000 + 20000000);
    assert_int_equal(world.asked, 1u << COM1);
}

static void *run_all(void *failed)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(by_the_8259s, start),
        cmocka_unit_test_setup(by_an_ioapic, start),
        cmocka_unit_test_setup(by_asking, start),
    };

    *(int *)failed = cmocka_run_group_tests(tests, NULL, NULL);
    return NULL;
}

int main(void)
{
    return region_run(run_all);
}
