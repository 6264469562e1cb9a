/* SPDX-License-Identifier: MIT */
/* System time: nanoseconds since the hypervisor started, from the TSC. */
#include <stdatomic.h>

#include "hypervisor/log/log.h"
#include "hypervisor/cpu/apic.h"
#include "hypervisor/cpu/asm.h"
#include "hypervisor/time/clock.h"
#include "hypervisor/time/cmos.h"
#include "hypervisor/time/pit.h"
#include "hypervisor/time/scale.h"
#include "hypervisor/time/span.h"

#define WINDOW_NS    4000000ull /* the time over which the PIT measures the TSC */
#define APIC_WINDOW  500000ull  /* ns between samples, if CPUID reports the TSC's frequency */
#define LONGEST_NS   3600000000000ull
#define SAMPLES      8
#define MEASUREMENTS 64 /* attempts; one fails when an emulator is descheduled meanwhile */

#define HERTZ_LEAST 1000000ull
#define HERTZ_MOST  100000000000ull

#define LEAF_TSC              0x15u
#define LEAF_HYPERVISOR       0x40000000u
#define LEAF_HYPERVISOR_TIMES 0x40000010u

static struct {
    u64 tsc_start; /* TSC value at which system time is 0 */
    u64 hertz;
    struct scale scale;
    u64 tsc_per_ns, apic_per_ns; /* ticks per ns, times 2^32 */
    _Atomic u64 wall_ns;         /* wall-clock time at system time 0, in ns since 1970 */
} timebase;

/* The TSC's frequency as CPUID reports it, in Hz. 0: CPUID does not report it. */
static u64 hertz_from_cpuid(void)
{
    if (read_cpuid(0, 0).eax >= LEAF_TSC) {
        struct cpuid r = read_cpuid(LEAF_TSC, 0);
        if (r.eax && r.ebx && r.ecx) {
            return (u64)r.ecx * r.ebx / r.eax;
        }
    }
    bool hypervisor = read_cpuid(1, 0).ecx >> 31;
    if (hypervisor && read_cpuid(LEAF_HYPERVISOR, 0).eax >= LEAF_HYPERVISOR_TIMES) {
        return read_cpuid(LEAF_HYPERVISOR_TIMES, 0).eax * 1000ull;
    }
    return 0;
}

struct apic_sample {
    u64 tsc;
    u32 left;
};

/* Reads the local APIC timer several times and returns the reading that took the least time, which
 * is therefore the most exact one. */
static struct apic_sample apic_sample(void)
{
    struct apic_sample best = {0};
    u64 narrowest = ~0ull;

    for (u32 i = 0; i < SAMPLES; i++) {
        u64 before = read_tsc();
        u32 left = apic_timer_left();
        u64 width = read_tsc() - before;

        if (width < narrowest) {
            narrowest = width;
            best = (struct apic_sample){before + width / 2, left};
        }
    }
    return best;
}

static void wait_ticks(u64 ticks)
{
    for (u64 start = read_tsc(); read_tsc() - start < ticks;) {
        __builtin_ia32_pause();
    }
}

/* Converts a frequency in Hz to ticks per ns, times 2^32. */
static u64 per_ns(u64 hertz)
{
    return hertz / 1000000000 << 32 | (hertz % 1000000000 << 32) / 1000000000;
}

/* Returns hertz * counted / ticks. The product may need more than 64 bits. */
static u64 scaled_rate(u64 counted, u64 ticks, u64 hertz)
{
    u64 ratio = (counted << 32) / ticks;
    return (u64)((unsigned __int128)ratio * hertz >> 32);
}

/* Stores in *first and *last two samples of the local APIC timer, some time apart, and returns the
 * TSC's frequency in Hz: from CPUID, else measured against the PIT between the samples. 0: no
 * reliable value was found. */
static u64 measure(struct apic_sample *first, struct apic_sample *last)
{
    u64 known = hertz_from_cpuid();
    struct rate rate = {0};

    for (u32 tries = 0; tries < MEASUREMENTS; tries++) {
        bool sure = known;

        apic_measure_start();
        *first = apic_sample();
        if (known) {
            wait_ticks(known / 1000000 * APIC_WINDOW / 1000);
        }
        u64 hertz = known ? known : pit_measure_tsc(WINDOW_NS, &sure);
        *last = apic_sample();
        apic_measure_end();
        if (hertz && (sure || rate_confirmed(&rate, hertz))) {
            return hertz;
        }
    }
    return 0;
}

void clock_start(void)
{
    struct apic_sample first, last;
    u64 hertz = measure(&first, &last);

    if (!hertz && !pit_is_present()) {
        panic("no clock: this machine has no timer (8254) that counts, and CPUID does not report "
              "the TSC's frequency");
    }
    if (!hertz) {
        panic("no clock: measurements of the TSC by the timer (8254) differ");
    }
    if (hertz < HERTZ_LEAST || hertz > HERTZ_MOST) {
        panic("the TSC frequency of %lu Hz is out of range", hertz);
    }
    u64 apic_hertz = scaled_rate(first.left - last.left, last.tsc - first.tsc, hertz);
    if (!apic_hertz && !apic_timer_has_deadline()) {
        panic("the local APIC timer does not count");
    }
    timebase.hertz = hertz;
    timebase.tsc_per_ns = per_ns(hertz);
    timebase.apic_per_ns = per_ns(apic_hertz);
    timebase.tsc_start = read_tsc();
    timebase.wall_ns = cmos_seconds(hertz) * 1000000000;
    timebase.scale = scale_make(hertz);
}

u64 clock_now(void)
{
    return scale_ns(timebase.scale, read_tsc() - timebase.tsc_start);
}

u64 log_time(void)
{
    return clock_now();
}

u64 clock_tsc_khz(void)
{
    return timebase.hertz / 1000;
}

static u64 ticks_of(u64 ns, u64 rate)
{
    if (ns > LONGEST_NS) {
        ns = LONGEST_NS;
    }
    return (u64)((unsigned __int128)ns * rate >> 32) + 1;
}

u64 clock_tsc_ticks(u64 ns)
{
    return ticks_of(ns, timebase.tsc_per_ns);
}

u32 clock_apic_ticks(u64 ns)
{
    u64 ticks = ticks_of(ns, timebase.apic_per_ns);
    return ticks > 0xffffffff ? 0xffffffff : (u32)ticks;
}

void clock_wall(u64 *seconds, u32 *nanoseconds)
{
    u64 ns = atomic_load_explicit(&timebase.wall_ns, memory_order_relaxed);

    *seconds = ns / 1000000000;
    *nanoseconds = (u32)(ns % 1000000000);
}

void clock_set_wall(u64 ns)
{
    atomic_store_explicit(&timebase.wall_ns, ns, memory_order_relaxed);
}

struct clock_origin clock_origin(void)
{
    return (struct clock_origin){.tsc = timebase.tsc_start, .scale = timebase.scale};
}
