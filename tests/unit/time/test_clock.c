/* SPDX-License-Identifier: MIT */
/* Proves that hypervisor/time/clock and pit measure the clocks' frequencies correctly at boot, also
 * on an emulated machine that the host stops again and again for longer than the PIT's period. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <cmocka.h>

#include "tests/unit/time/host/hypervisor/cpu/asm.h"

#include "hypervisor/cpu/apic.h"
#include "hypervisor/log/log.h"
#include "hypervisor/memory/guest_copy.h"
#include "hypervisor/time/clock.h"
#include "hypervisor/time/cmos.h"

/* ---- the fake machine: these functions replace the processor's instructions ---- */

#define TSC_HERTZ  2596123456ull
#define APIC_HERTZ 1000000000ull
#define PIT_WRAPS  65536ull

static struct {
    u64 ns;
    u32 stops; /* out of 2^20 steps, how many the host delays */
    u64 pit_start, apic_start;
    u16 pit_latch;
    bool pit_high, pit_dead;
    u64 pit_stops; /* ns after its start when the PIT stops counting; 0: never */
    u32 seed;
} machine;

static u32 below(u32 limit)
{
    machine.seed = machine.seed * 1664525 + 1013904223;
    return (u32)((u64)machine.seed * limit >> 32);
}

/* Every reading of a clock takes a moment, or much longer if the host stops the machine. */
static void step(void)
{
    machine.ns += 100 + below(400);
    if (below(1 << 20) < machine.stops) {
        machine.ns += 100000 + (u64)below(1000) * below(400) * 1000;
    }
}

static u64 scaled(u64 ns, u64 hertz)
{
    return (u64)((unsigned __int128)ns * hertz / 1000000000);
}

u64 read_tsc(void)
{
    step();
    return 1000 + scaled(machine.ns, TSC_HERTZ);
}

/* The time, in ns, for which the PIT has counted. */
static u64 pit_counted(void)
{
    u64 gone = machine.ns - machine.pit_start;

    return machine.pit_stops && gone > machine.pit_stops ? machine.pit_stops : gone;
}

void out8(u16 port, u8 value)
{
    step();
    if (port == 0x42) {
        machine.pit_start = machine.ns;
    } else if (port == 0x43 && value == 0x80) {
        machine.pit_latch =
            (u16)(machine.pit_dead ? 0xffff
                                   : PIT_WRAPS - 1 - scaled(pit_counted(), 1193182) % PIT_WRAPS);
    }
}

u8 in8(u16 port)
{
    step();
    if (port != 0x42) {
        return 0;
    }
    machine.pit_high = !machine.pit_high;
    return (u8)(machine.pit_high ? machine.pit_latch : machine.pit_latch >> 8);
}

struct cpuid read_cpuid(u32 leaf, u32 subleaf)
{
    (void)leaf;
    (void)subleaf;
    return (struct cpuid){0};
}

static jmp_buf no_clock;
static char reason[100];

void panic(const char *format, ...)
{
    snprintf(reason, sizeof reason, "%s", format);
    longjmp(no_clock, 1);
}

void apic_measure_start(void)
{
    step();
    machine.apic_start = machine.ns;
}

u32 apic_timer_left(void)
{
    step();
    u64 gone = scaled(machine.ns - machine.apic_start, APIC_HERTZ);
    return gone < ~0u ? ~0u - (u32)gone : 0;
}

void apic_measure_end(void)
{
}

bool apic_timer_has_deadline(void)
{
    return false;
}

u64 cmos_seconds(u64 hertz)
{
    (void)hertz;
    return 0;
}

/* ---- claims ---- */

static bool measures(u32 seed, u32 stops)
{
    memset(&machine, 0, sizeof machine);
    machine.seed = seed;
    machine.stops = stops;
    if (setjmp(no_clock)) {
        return false;
    }
    clock_start();
    return true;
}

static void check_clock(void)
{
    s64 wrong = (s64)clock_tsc_khz() - (s64)(TSC_HERTZ / 1000);

    assert_in_range(labs(wrong), 0, TSC_HERTZ / 1000 / 500);
    assert_in_range(clock_apic_ticks(1000000), 990000, 1010000);
}

static void an_idle_machine(void **unused)
{
    (void)unused;
    for (u32 seed = 1; seed <= 50; seed++) {
        assert_true(measures(seed, 0));
        check_clock();
        assert_in_range(machine.ns, 0, 5000000); /* one measurement was enough */
    }
}

/* From one stop in two measurements to ten stops in one. */
static void a_busy_machine(void **unused)
{
    u32 found = 0, tried = 0;

    (void)unused;
    for (u32 stops = 50; stops <= 1000; stops *= 2) {
        for (u32 seed = 1; seed <= 400; seed++, tried++) {
            if (measures(seed, stops)) {
                check_clock();
                found++;
            }
        }
    }
    assert_true(found > tried * 95 / 100);
}

static void expect_no_clock(const char *why)
{
    reason[0] = 0;
    if (!setjmp(no_clock)) {
        clock_start();
        fail_msg("a clock was found");
    }
    assert_non_null(strstr(reason, why));
}

static void no_pit(void **unused)
{
    (void)unused;
    memset(&machine, 0, sizeof machine);
    machine.seed = 1;
    machine.pit_dead = true;
    expect_no_clock("this machine has no timer (8254) that counts");
}

/* The PIT counts at first, and stops during the measurement: waiting for it has an end. */
static void a_pit_that_stops(void **unused)
{
    (void)unused;
    memset(&machine, 0, sizeof machine);
    machine.seed = 1;
    machine.pit_stops = 1000000;
    expect_no_clock("measurements of the TSC by the timer (8254) differ");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_idle_machine),
        cmocka_unit_test(a_busy_machine),
        cmocka_unit_test(no_pit),
        cmocka_unit_test(a_pit_that_stops),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
