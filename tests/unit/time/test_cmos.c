/* SPDX-License-Identifier: MIT */
/* Proves that hypervisor/time/cmos waits for a clock that is being changed for as long as an
 * emulator's busy host may take, that it reads all forms of date and time, and that it reports a
 * clock which is absent, never comes to rest, or holds no date. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include "tests/unit/time/host/hypervisor/cpu/asm.h"

#include "hypervisor/time/cmos.h"

#define HERTZ    2000000000ull
#define STEP     2000u /* ticks of the TSC for a port */
#define STATUS_A 0x0a
#define STATUS_B 0x0b
#define STATUS_D 0x0d
#define UPDATING 0x80
#define BINARY   0x04
#define HOURS_24 0x02
#define SECONDS  1795940096ull /* 2026-11-29 08:14:56 */

/* ---- the fake machine: these functions replace the processor's instructions ---- */

static struct {
    bool absent;
    u8 byte[128];
    u8 index;
    u64 tsc;
    u64 rests_at; /* the TSC at which the clock comes to rest */
    u64 turns_at; /* the TSC at which the second 57 begins; 0: never */
} machine;

u64 read_tsc(void)
{
    return machine.tsc;
}

struct cpuid read_cpuid(u32 leaf, u32 subleaf)
{
    (void)leaf;
    (void)subleaf;
    return (struct cpuid){0};
}

void out8(u16 port, u8 value)
{
    machine.tsc += STEP;
    if (port == 0x70) {
        machine.index = value;
    }
}

u8 in8(u16 port)
{
    machine.tsc += STEP;
    if (port != 0x71 || machine.absent) {
        return 0xff;
    }
    if (machine.index == STATUS_A) {
        return machine.tsc < machine.rests_at ? UPDATING : 0;
    }
    if (machine.index == 0 && machine.turns_at && machine.tsc >= machine.turns_at) {
        return machine.byte[0] + 1;
    }
    return machine.byte[machine.index];
}

/* A clock at 2026-11-29 08:14:56, in decimal fields and 24 hours. */
static void start(void)
{
    static const u8 fields[] = {0x56, 0, 0x14, 0, 0x08, 0, 0x07, 0x29, 0x11, 0x26};

    memset(&machine, 0, sizeof machine);
    memcpy(machine.byte, fields, sizeof fields);
    machine.byte[STATUS_B] = HOURS_24;
    machine.byte[STATUS_D] = 0x80;
}

/* ---- claims ---- */

static void each_form_is_read(void **state)
{
    static const u8 binary[] = {56, 0, 14, 0, 8, 0, 7, 29, 11, 26};

    (void)state;
    start();
    assert_int_equal(cmos_seconds(HERTZ), SECONDS);
    memcpy(machine.byte, binary, sizeof binary);
    machine.byte[STATUS_B] = HOURS_24 | BINARY;
    assert_int_equal(cmos_seconds(HERTZ), SECONDS);
    machine.byte[STATUS_B] = BINARY;
    machine.byte[4] = 0x80 | 8;
    assert_int_equal(cmos_seconds(HERTZ), SECONDS + 12 * 3600);
}

static void a_change_that_lasts_is_awaited(void **state)
{
    (void)state;
    start();
    machine.rests_at = 9 * HERTZ;
    assert_int_equal(cmos_seconds(HERTZ), SECONDS);
}

static void a_second_that_ends_is_not_mixed(void **state)
{
    (void)state;
    for (u64 at = STEP; at < 40 * STEP; at += STEP) {
        start();
        machine.turns_at = at;
        u64 seconds = cmos_seconds(HERTZ);
        assert_true(seconds == SECONDS || seconds == SECONDS + 1);
    }
}

static void what_is_no_clock_has_no_time(void **state)
{
    (void)state;
    start();
    machine.absent = true;
    assert_int_equal(cmos_seconds(HERTZ), 0);
    assert_true(machine.tsc < HERTZ / 1000);
    start();
    machine.rests_at = ~0ull;
    assert_int_equal(cmos_seconds(HERTZ), 0);
    start();
    machine.byte[8] = 0x13;
    assert_int_equal(cmos_seconds(HERTZ), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_form_is_read),
        cmocka_unit_test(a_change_that_lasts_is_awaited),
        cmocka_unit_test(a_second_that_ends_is_not_mixed),
        cmocka_unit_test(what_is_no_clock_has_no_time),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
