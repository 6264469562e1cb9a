/* SPDX-License-Identifier: MIT */
/* Measuring the TSC against another counter. All counters count up here. */
#include "hypervisor/time/counter.h"
#include "hypervisor/cpu/asm.h"
#include "hypervisor/time/hpet.h"
#include "hypervisor/time/pit.h"
#include "hypervisor/time/pm_timer.h"
#include "hypervisor/time/span.h"

#define EDGES 16
#define TRIES 20000  /* readings for some edges: the slowest counter changes every 838 ns */
#define LOOKS 200000 /* readings for the whole time, which is at most 20 ms */

/* When the time between two edges is this many times as long as the time of an edge is uncertain,
 * the frequency is known to 61 parts in a million, about as well as a quartz keeps its own, and the
 * measurement need not go on. */
#define PRECISE 16384u

/* A counter that has been started. */
struct running {
    enum counter counter;
    u64 hertz;
    u32 mask; /* the bits with which it counts */
    struct span span;
};

/* A change of the counter: the value after it, the TSC value in the middle between the two readings
 * that differ, and the time between these, in ticks of the TSC. */
struct edge {
    u64 tsc, width;
    u32 count;
};

const char *counter_name(enum counter counter)
{
    static const char *const names[] = {
        [COUNTER_HPET] = "HPET",
        [COUNTER_PM_TIMER] = "ACPI's timer",
        [COUNTER_PIT] = "timer (8254)",
    };

    return names[counter];
}

/* False: the machine does not have the counter. A PIT counts as there. */
static bool start(struct running *running, enum counter counter)
{
    *running = (struct running){.counter = counter};
    switch (counter) {
    case COUNTER_HPET:
        running->hertz = hpet_hertz();
        running->mask = ~0u;
        break;
    case COUNTER_PM_TIMER:
        running->hertz = PM_TIMER_HERTZ;
        running->mask = pm_timer_mask();
        break;
    default:
        pit_start();
        running->hertz = PIT_HERTZ;
        running->mask = PIT_MASK;
        break;
    }
    return running->hertz && running->mask;
}

static u32 look(struct running *running)
{
    span_look(&running->span, read_tsc());
    switch (running->counter) {
    case COUNTER_HPET:
        return hpet_count();
    case COUNTER_PM_TIMER:
        return pm_timer_count() & running->mask;
    default:
        return pit_count();
    }
}

/* Finds several changes (edges) of the counter and stores the one whose time is known best in
 * *edge. An edge lies between two readings that differ. The time between these readings is the
 * uncertainty: it is large if this CPU was interrupted between them (by an emulator's host, for
 * example), and then another edge is better. False: no edge was found. */
static bool find_edge(struct running *running, struct edge *edge)
{
    u32 count = look(running);
    u64 before = running->span.last;

    edge->width = ~0ull;
    for (u32 tries = 0, edges = 0; tries < TRIES && edges < EDGES; tries++) {
        u32 now = look(running);
        u64 after = read_tsc();

        if (now != count) {
            edges++;
            if (after - before < edge->width) {
                *edge = (struct edge){before + (after - before) / 2, after - before, now};
            }
        }
        before = running->span.last;
        count = now;
    }
    return edge->width != ~0ull;
}

/* Waits until the counter has made `ticks` since the edge `first`, or for less if that is precise
 * enough. False: the counter has stopped. */
static bool wait_since(struct running *running, const struct edge *first, u32 ticks)
{
    const u64 enough = first->width * PRECISE;

    for (u32 looks = 0; ((look(running) - first->count) & running->mask) < ticks; looks++) {
        if (looks == LOOKS) {
            return false;
        }
        if (running->span.last - first->tsc >= enough) {
            break;
        }
        __builtin_ia32_pause();
    }
    return true;
}

bool counter_is_present(enum counter counter)
{
    struct running running;
    struct edge edge;

    return start(&running, counter) && find_edge(&running, &edge);
}

u64 counter_measure_tsc(enum counter counter, u64 ns, bool *sure)
{
    struct running running;
    struct edge first, last;

    if (!start(&running, counter) || !find_edge(&running, &first)) {
        return 0;
    }
    const u32 ticks = (u32)(running.hertz * ns / 1000000000);
    if (!wait_since(&running, &first, ticks) || !find_edge(&running, &last) ||
        last.count == first.count) {
        return 0;
    }
    *sure = span_is_dense(&running.span);
    return (last.tsc - first.tsc) * running.hertz / ((last.count - first.count) & running.mask);
}
