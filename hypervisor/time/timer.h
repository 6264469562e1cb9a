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

/* Arms (or re-arms) on this CPU, which must be the vCPU's. A deadline in the past fires at once. */
void timer_set(struct timer *timer, u64 deadline);
void timer_stop(struct timer *timer);

/* Fires everything due, then programs the local APIC for the next deadline or `slice_end`,
 * whichever is earlier (0: no slice). Called by the run loop before it enters a guest or idles. */
void timers_run(u64 slice_end);

#endif
