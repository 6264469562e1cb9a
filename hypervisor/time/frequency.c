/* SPDX-License-Identifier: MIT */
/* The chain of the sources of the TSC's frequency. */
#include "hypervisor/time/frequency.h"
#include "hypervisor/log/log.h"
#include "hypervisor/time/counter.h"
#include "hypervisor/time/cpuid_tsc.h"
#include "hypervisor/time/hypervisor_tsc.h"
#include "hypervisor/time/kvm_clock.h"
#include "hypervisor/time/span.h"

#define WINDOW_NS    3500000ull /* the time over which a counter measures the TSC */
#define CHECK_NS     200000ull  /* the same, to find out whether CPUID is far from the truth */
#define MEASUREMENTS 64         /* attempts; one fails when an emulator is descheduled meanwhile */
#define HERTZ_LEAST  1000000ull
#define HERTZ_MOST   100000000000ull

enum teller { TELLER_CPUID, TELLER_HYPERVISOR, TELLER_KVM, TELLERS };

static const char *const tellers[] = {
    [TELLER_CPUID] = "CPUID",
    [TELLER_HYPERVISOR] = "CPUID of the hypervisor below",
    [TELLER_KVM] = "KVM's clock",
};

static u64 ask(enum teller teller)
{
    switch (teller) {
    case TELLER_CPUID:
        return cpuid_tsc_hertz();
    case TELLER_HYPERVISOR:
        return hypervisor_tsc_hertz();
    default:
        return kvm_clock_hertz();
    }
}

static bool is_plausible(u64 hertz)
{
    return hertz >= HERTZ_LEAST && hertz <= HERTZ_MOST;
}

/* 0: no reliable value was found. */
static u64 measure(enum counter counter)
{
    struct rate rate = {0};

    if (!counter_is_present(counter)) {
        return 0;
    }
    for (u32 tries = 0; tries < MEASUREMENTS; tries++) {
        bool sure = false;
        u64 hertz = counter_measure_tsc(counter, WINDOW_NS, &sure);

        if (hertz && (sure || rate_confirmed(&rate, hertz))) {
            return hertz;
        }
    }
    return 0;
}

static bool is_near(u64 hertz, u64 other)
{
    return (hertz > other ? hertz - other : other - hertz) <= other / 4;
}

/* Compares what CPUID says with a counter that is read fast. An emulator may show the CPUID leaves
 * of a processor whose TSC it does not imitate (findings/bochs_tsc_is_not_cpuids.sh). Returns true,
 * and the measured frequency in *found, if they are far apart. */
static bool cpuid_is_wrong(u64 hertz, struct frequency *found)
{
    for (enum counter counter = COUNTER_HPET; counter <= COUNTER_PM_TIMER; counter++) {
        bool sure = false;
        u64 measured = counter_measure_tsc(counter, CHECK_NS, &sure);

        if (!measured) {
            continue;
        }
        if (!sure || is_near(measured, hertz)) {
            return false;
        }
        measured = measure(counter);
        *found = (struct frequency){measured, counter_name(counter)};
        return is_plausible(measured) && !is_near(measured, hertz);
    }
    return false;
}

static _Noreturn void give_up(void)
{
    for (enum counter counter = 0; counter < COUNTERS; counter++) {
        if (counter_is_present(counter)) {
            panic("no clock: measurements of the TSC by the %s differ", counter_name(counter));
        }
    }
    panic("no clock: nobody reports the TSC's frequency (CPUID, a hypervisor below), and this "
          "machine has no counter to measure it: HPET, ACPI's timer or timer (8254)");
}

struct frequency frequency_find(void)
{
    struct frequency found;
    u64 hertz;

    for (enum teller teller = 0; teller < TELLERS; teller++) {
        hertz = ask(teller);
        if (!is_plausible(hertz)) {
            continue;
        }
        if (teller != TELLER_CPUID || !cpuid_is_wrong(hertz, &found)) {
            return (struct frequency){hertz, tellers[teller]};
        }
        log_line("CPUID says that the TSC runs at %llu kHz: it does not",
                 (unsigned long long)(hertz / 1000));
        return found;
    }
    for (enum counter counter = 0; counter < COUNTERS; counter++) {
        hertz = measure(counter);
        if (is_plausible(hertz)) {
            return (struct frequency){hertz, counter_name(counter)};
        }
    }
    give_up();
}
