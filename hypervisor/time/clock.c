/* SPDX-License-Identifier: MIT */
/* System time: nanoseconds since the hypervisor started, from the TSC. */
#include <stdatomic.h>

#include "hypervisor/log/log.h"
#include "hypervisor/cpu/apic.h"
#include "hypervisor/cpu/asm.h"
#include "hypervisor/time/clock.h"
#include "hypervisor/time/cmos.h"
#include "hypervisor/time/frequency.h"
#include "hypervisor/time/scale.h"

#define APIC_WINDOW  500000ull /* the time in ns over which the local APIC timer is measured */
#define APIC_PRECISE 8192u     /* or until it is known to one part in so many */
#define LONGEST_NS   3600000000000ull
#define SAMPLES      8

static struct {
    u64 tsc_start; /* TSC value at which system time is 0 */
    struct frequency frequency;
    struct scale scale;
    struct conversion conversion; /* of `scale` */
    u64 tsc_per_ns, apic_per_ns;  /* ticks per ns, times 2^32 */
    _Atomic u64 wall_ns;          /* wall-clock time at system time 0, in ns since 1970 */
} timebase;

struct apic_sample {
    u64 tsc, width; /* when the timer was read, and how long that took */
    u32 left;
};

/* Reads the local APIC timer several times and returns the reading that took the least time, which
 * is therefore the most exact one. */
static struct apic_sample apic_sample(void)
{
    struct apic_sample best = {.width = ~0ull};

    for (u32 i = 0; i < SAMPLES; i++) {
        u64 before = read_tsc();
        u32 left = apic_timer_left();
        u64 width = read_tsc() - before;

        if (width < best.width) {
            best = (struct apic_sample){before + width / 2, width, left};
        }
    }
    return best;
}

/* Waits for `ticks` of the TSC since the sample `first`, or until both counters have counted so far
 * that their ratio is precise enough. */
static void wait_since(const struct apic_sample *first, u64 ticks)
{
    u64 gone;

    do {
        __builtin_ia32_pause();
        gone = read_tsc() - first->tsc;
    } while (gone < ticks && (gone / APIC_PRECISE < first->width ||
                              first->left - apic_timer_left() < APIC_PRECISE));
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

/* The frequency of the local APIC timer in Hz, where the TSC's is `hertz`. 0: it does not count. */
static u64 measure_apic(u64 hertz)
{
    struct apic_sample first, last;

    apic_measure_start();
    first = apic_sample();
    wait_since(&first, hertz / 1000000 * APIC_WINDOW / 1000);
    last = apic_sample();
    apic_measure_end();
    return scaled_rate(first.left - last.left, last.tsc - first.tsc, hertz);
}

void clock_start(void)
{
    struct frequency found = frequency_find();
    u64 hertz = found.hertz, apic_hertz = measure_apic(hertz);

    if (!apic_hertz && !apic_timer_has_deadline()) {
        panic("the local APIC timer does not count");
    }
    timebase.frequency = found;
    timebase.tsc_per_ns = per_ns(hertz);
    timebase.apic_per_ns = per_ns(apic_hertz);
    timebase.tsc_start = read_tsc();
    timebase.wall_ns = cmos_seconds(hertz) * 1000000000;
    timebase.scale = scale_make(hertz);
    timebase.conversion = conversion_of(timebase.scale);
}

u64 clock_now(void)
{
    return conversion_ns(timebase.conversion, read_tsc() - timebase.tsc_start);
}

u64 log_time(void)
{
    return clock_now();
}

u64 clock_tsc_khz(void)
{
    return timebase.frequency.hertz / 1000;
}

const char *clock_source(void)
{
    return timebase.frequency.source;
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
