/* SPDX-License-Identifier: MIT */
/* Proves that hypervisor/time/clock finds the clocks' frequencies correctly at boot: from each
 * source alone (CPUID, a hypervisor below, KVM's clock page, HPET, ACPI's timer, PIT), by the first
 * one of several, without waiting for ever for one that is absent, stops or lies; not from CPUID if
 * a counter contradicts it; and against the PIT also on an emulated machine that the host stops
 * again and again for longer than the PIT's period. Without any source it says so. */
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
#include "hypervisor/memory/layout.h"
#include "hypervisor/time/cmos.h"
#include "hypervisor/time/hpet.h"
#include "hypervisor/time/pm_timer.h"
#include "hypervisor/xen.h"

/* ---- the fake machine: these functions replace the processor's instructions ---- */

#define TSC_HERTZ  2596123456ull
#define APIC_HERTZ 1000000000ull
#define PIT_WRAPS  65536ull
#define PM_PORT    0x608
#define HPET_AT    0xfed00000ull
#define HPET_HERTZ 100000000ull
#define LEAVES     4

struct leaf {
    u32 number;
    struct cpuid value;
};

static struct {
    u64 ns;
    bool fast; /* a reading of a clock takes few nanoseconds */
    u32 stops; /* out of 2^20 steps, how many the host delays */
    u64 pit_start, apic_start;
    u16 pit_latch;
    bool pit_high, pit_dead;
    u64 pit_stops; /* ns after its start when the PIT stops counting; 0: never */
    bool has_hpet; /* else its registers read as all ones */
    bool hpet_runs;
    bool has_pm_timer;
    u64 pm_stops; /* ns of the machine at which ACPI's timer stops; 0: never */
    struct leaf leaf[LEAVES];
    u64 kvm_multiplier; /* of KVM's page; 0: KVM never writes it */
    bool kvm_on;
    u32 kvm_writes;
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
    machine.ns += machine.fast ? 2 + below(4) : 100 + below(400);
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

u32 in32(u16 port)
{
    step();
    if (port != PM_PORT || !machine.has_pm_timer) {
        return ~0u;
    }
    u64 ns = machine.pm_stops && machine.ns > machine.pm_stops ? machine.pm_stops : machine.ns;
    return 0xab000000 | ((0xfffff0 + (u32)scaled(ns, PM_TIMER_HERTZ)) & 0xffffff);
}

/* ---- HPET ---- */

void *hpet_map(u64 address)
{
    assert_int_equal(address, HPET_AT);
    return &machine;
}

u32 hpet_register(volatile void *registers, u32 offset)
{
    step();
    assert_ptr_equal(registers, &machine);
    if (!machine.has_hpet) {
        return ~0u;
    }
    switch (offset) {
    case 0:
        return 0x8086a201;
    case 4:
        return (u32)(1000000000000000 / HPET_HERTZ);
    case 0xf0:
        return machine.hpet_runs ? 0xfffff000 + (u32)scaled(machine.ns, HPET_HERTZ) : 7;
    default:
        return 0xffff;
    }
}

void hpet_set_register(volatile void *registers, u32 offset, u32 value)
{
    assert_ptr_equal(registers, &machine);
    if (offset == 0x10) {
        assert_int_equal(value & 3, 1); /* it runs, and does not replace the PIT */
        machine.hpet_runs = true;
    } else if (machine.has_hpet) {
        assert_in_range(offset, 0x100, 0x140);
        assert_false(value & 4); /* no interrupts */
    }
}

/* ---- CPUID and KVM ---- */

/* As a processor does, gives the last leaf for one that there is not. */
struct cpuid read_cpuid(u32 leaf, u32 subleaf)
{
    (void)subleaf;
    for (u32 i = 0; i < LEAVES; i++) {
        if (machine.leaf[i].number == leaf) {
            return machine.leaf[i].value;
        }
    }
    return (struct cpuid){0};
}

static void add_leaf(u32 number, u32 eax, u32 ebx, u32 ecx, u32 edx)
{
    u32 i = 0;

    while (machine.leaf[i].value.eax || machine.leaf[i].value.ecx) {
        assert_in_range(++i, 0, LEAVES - 1);
    }
    machine.leaf[i] = (struct leaf){number, {eax, ebx, ecx, edx}};
}

void write_msr(u32 index, u64 value)
{
    assert_int_equal(index, 0x4b564d01);
    machine.kvm_on = value & 1;
    if (!machine.kvm_on) {
        return;
    }
    machine.kvm_writes++;
    struct vcpu_time_info *page = (void *)((value & ~1ull) - LAYOUT_IMAGE_LOAD + LAYOUT_IMAGE);
    assert_int_equal((u64)page % 32, 0);
    memset(page, 0, sizeof *page);
    if (machine.kvm_multiplier) {
        page->version = 2;
        page->tsc_to_system_mul = (u32)machine.kvm_multiplier;
        page->tsc_shift = -1;
    }
}

u64 read_msr(u32 index)
{
    fail_msg("MSR %#x is read", index);
    return 0;
}

static jmp_buf no_clock;
static char reason[100], logged[100];

void log_line(const char *format, ...)
{
    snprintf(logged, sizeof logged, "%s", format);
}

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

/* A machine with nothing but a PIT, or without. */
static void start(bool pit)
{
    memset(&machine, 0, sizeof machine);
    machine.seed = 1;
    machine.pit_dead = !pit;
}

static bool finds(void)
{
    reason[0] = logged[0] = 0;
    if (setjmp(no_clock)) {
        return false;
    }
    clock_start();
    return true;
}

static bool measures(u32 seed, u32 stops)
{
    start(true);
    machine.seed = seed;
    machine.stops = stops;
    return finds();
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
    assert_false(finds());
    assert_non_null(strstr(reason, why));
}

static void expect_clock(const char *source)
{
    assert_true(finds());
    assert_string_equal(clock_source(), source);
    check_clock();
}

static void no_source(void **unused)
{
    (void)unused;
    start(false);
    expect_no_clock("no clock: nobody reports the TSC's frequency");
    assert_in_range(machine.ns, 0, 1000000000); /* all ports were asked, none for ever */
    start(false);
    hpet_found(HPET_AT); /* in the tables, but not in the machine */
    pm_timer_found(PM_PORT, false);
    expect_no_clock("no clock: nobody reports the TSC's frequency");
}

/* The PIT counts at first, and stops during the measurement: waiting for it has an end. */
static void a_pit_that_stops(void **unused)
{
    (void)unused;
    start(true);
    machine.pit_stops = 1000000;
    expect_no_clock("measurements of the TSC by the %s differ");
}

static void the_processor_says_it(void **unused)
{
    (void)unused;
    start(false);
    add_leaf(0, 0x16, 0, 0, 0);
    add_leaf(0x15, 6250, 676074, 24000000, 0);
    expect_clock("CPUID");
    assert_int_equal(clock_tsc_khz(), 2596124);
}

/* Where a counter is read fast, a short measurement is as good as a long one elsewhere. */
static void a_fast_counter_is_measured_briefly(void **unused)
{
    (void)unused;
    hpet_found(HPET_AT);
    start(true);
    machine.has_hpet = machine.hpet_runs = machine.fast = true;
    expect_clock("HPET");
    assert_in_range(machine.ns, 0, 1500000); /* half a millisecond of it for the APIC's timer */
    assert_in_range(clock_tsc_khz(), TSC_HERTZ / 1000 - 160, TSC_HERTZ / 1000 + 160);
}

/* CPUID's frequency is 20 % too high, which no fast check can judge, and then twice the real one.
 */
static void a_counter_contradicts_the_processor(void **unused)
{
    (void)unused;
    hpet_found(HPET_AT);
    pm_timer_found(PM_PORT, false);
    for (u32 i = 0; i < 4; i++) {
        start(true);
        machine.has_hpet = machine.hpet_runs = i & 1;
        machine.has_pm_timer = !machine.has_hpet;
        add_leaf(0, 0x16, 0, 0, 0);
        add_leaf(0x15, 1, i & 2 ? 208 : 125, 25000000, 0);
        if (i & 2) {
            expect_clock(machine.has_hpet ? "HPET" : "ACPI's timer");
            assert_non_null(strstr(logged, "CPUID says that the TSC runs at %llu kHz"));
            continue;
        }
        assert_true(finds());
        assert_string_equal(clock_source(), "CPUID");
        assert_int_equal(clock_tsc_khz(), 3125000);
        assert_in_range(machine.ns, 0, 4000000);
    }
    start(true); /* neither is there: the processor is believed */
    add_leaf(0, 0x16, 0, 0, 0);
    add_leaf(0x15, 1, 208, 25000000, 0);
    assert_true(finds());
    assert_int_equal(clock_tsc_khz(), 5200000);
}

/* The crystal is not named: 24 MHz is the only one that fits the base frequency. */
static void the_processor_names_its_base_frequency(void **unused)
{
    (void)unused;
    start(false);
    add_leaf(0, 0x16, 0, 0, 0);
    add_leaf(0x15, 2, 216, 0, 0);
    add_leaf(0x16, 2600, 3500, 100, 0);
    assert_true(finds());
    assert_int_equal(clock_tsc_khz(), 2592000);
    start(false);
    add_leaf(0, 0x16, 0, 0, 0);
    add_leaf(0x15, 2, 216, 0, 0);
    add_leaf(0x16, 2300, 3500, 100, 0);
    assert_false(finds()); /* none fits */
    start(false);
    add_leaf(0, 0x15, 0, 0, 0);
    add_leaf(0x15, 2, 216, 0, 0);
    assert_false(finds());
}

static void a_hypervisor_below_says_it(void **unused)
{
    (void)unused;
    start(true);
    add_leaf(0, 1, 0, 0, 0);
    add_leaf(1, 1, 0, 1u << 31, 0);
    add_leaf(0x40000000, 0x40000010, 0, 0, 0);
    add_leaf(0x40000010, TSC_HERTZ / 1000, 1000000, 0, 0);
    expect_clock("CPUID of the hypervisor below");
    assert_int_equal(clock_tsc_khz(), TSC_HERTZ / 1000);
    machine.leaf[1].value.ecx = 0; /* without one, the leaf means nothing */
    expect_clock("timer (8254)");
    machine.leaf[1].value.ecx = 1u << 31;
    machine.leaf[3].value.eax = 12; /* kHz: no processor is that slow */
    expect_clock("timer (8254)");
}

/* KVM's signature, not in the first leaf. */
static void start_kvm(u32 features)
{
    start(true);
    add_leaf(1, 1, 0, 1u << 31, 0);
    add_leaf(0x40000100, 0x40000101, 0x4b4d564b, 0x564b4d56, 0x4d);
    add_leaf(0x40000101, features, 0, 1, 0);
    machine.kvm_multiplier = (2000000000ull << 32) / TSC_HERTZ;
}

static void kvm_says_it(void **unused)
{
    (void)unused;
    start_kvm(1u << 3);
    expect_clock("KVM's clock");
    assert_in_range(clock_tsc_khz(), TSC_HERTZ / 1000 - 1, TSC_HERTZ / 1000);
    assert_int_equal(machine.kvm_writes, 1);
    assert_false(machine.kvm_on); /* KVM writes to our memory no more */
    start_kvm(1u << 3);
    machine.kvm_multiplier = 0;
    expect_clock("timer (8254)");
    assert_false(machine.kvm_on);
    start_kvm(1u << 0); /* the older clock alone */
    expect_clock("timer (8254)");
    assert_int_equal(machine.kvm_writes, 0);
}

static void counters_in_their_order(void **unused)
{
    (void)unused;
    hpet_found(HPET_AT);
    pm_timer_found(PM_PORT, false);
    start(true);
    machine.has_hpet = machine.hpet_runs = machine.has_pm_timer = true;
    expect_clock("HPET");
    assert_in_range(machine.ns, 0, 5000000);
    start(true);
    machine.has_pm_timer = true; /* it wraps meanwhile, from 0xfffff0 on */
    expect_clock("ACPI's timer");
    assert_in_range(machine.ns, 0, 30000000); /* with the search for the HPET */
    start(true);
    machine.has_pm_timer = true;
    machine.pm_stops = 1000000;
    expect_clock("timer (8254)");
    start(true);
    machine.has_hpet = true; /* it does not run */
    machine.hpet_runs = false;
    expect_clock("timer (8254)");
}

/* A counter that does not wrap loses no time while the host stops the machine. */
static void a_busy_machine_with_an_hpet(void **unused)
{
    (void)unused;
    hpet_found(HPET_AT);
    for (u32 seed = 1; seed <= 400; seed++) {
        start(true);
        machine.seed = seed;
        machine.stops = 1000;
        machine.has_hpet = machine.hpet_runs = true;
        expect_clock("HPET");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_idle_machine),
        cmocka_unit_test(a_busy_machine),
        cmocka_unit_test(no_source),
        cmocka_unit_test(a_pit_that_stops),
        cmocka_unit_test(the_processor_says_it),
        cmocka_unit_test(a_fast_counter_is_measured_briefly),
        cmocka_unit_test(a_counter_contradicts_the_processor),
        cmocka_unit_test(the_processor_names_its_base_frequency),
        cmocka_unit_test(a_hypervisor_below_says_it),
        cmocka_unit_test(kvm_says_it),
        cmocka_unit_test(counters_in_their_order),
        cmocka_unit_test(a_busy_machine_with_an_hpet),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
