/* SPDX-License-Identifier: MIT */
/* Timers of one CPU: each fires once at a system time. */
#ifndef TIME_TIMER_H
#define TIME_TIMER_H

#include "lib/types.h"

enum timer_kind {
    TIMER_SINGLESHOT, /* a vCPU's VIRQ_TIMER */
    TIMER_PERIODIC,
    TIMER_POLL, /* end of SCHEDOP_poll */
};

struct timer {
    struct timer *next;
    u64 deadline; /* system time, ns; meaningful while armed */
    bool armed;
    enum timer_kind kind;
    struct vcpu *vcpu;
};

struct timers {
    struct timer *first; /* ascending deadlines */
    u64 programmed;      /* what the local APIC was told; 0: nothing */
};

#define TIMER_PERIOD_LEAST 1000000ull   /* of VCPUOP_set_periodic_timer */
#define TIMER_PERIOD_MOST  (~0ull >> 2) /* so that no sum of times overflows */

/* Arms (or re-arms) on this CPU, which must be the vCPU's; `vcpu` and `kind` are set. A deadline in
 * the past fires at once: at the next timers_run. Asks for a pass through the run loop. */
void timer_set(struct timer *timer, u64 deadline);
void timer_stop(struct timer *timer);

/* Fires everything due, then programs the local APIC for the next deadline or `slice_end`,
 * whichever is earlier (0: no slice). Called by the run loop before it enters a guest or idles.
 * What fires may wake a vCPU: when cpu->work is set afterwards, the run loop has to choose
 * again. */
void timers_run(u64 slice_end);

#endif
