/* SPDX-License-Identifier: MIT */
/* Timers of one CPU: each fires once at a system time. */
#ifndef TIME_TIMER_H
#define TIME_TIMER_H

#include <stdatomic.h>

#include "lib/lock.h"
#include "lib/types.h"

enum timer_kind {
    TIMER_SINGLESHOT, /* a vCPU's VIRQ_TIMER */
    TIMER_PERIODIC,
    TIMER_POLL, /* end of SCHEDOP_poll */
};

struct cpu;

struct timer {
    struct timer *next;
    u64 deadline;              /* system time, ns; meaningful while armed */
    _Atomic(struct cpu *) cpu; /* in whose list it is; NULL: not armed */
    enum timer_kind kind;
    struct vcpu *vcpu;
};

/* Lock: RANK_TIMERS; while it is held a timer's event is raised and its vCPU woken. */
struct timers {
    struct lock lock;    /* `first`, and the timers in the list */
    struct timer *first; /* ascending deadlines */
    u64 programmed;      /* what the local APIC was told; 0: nothing */
};

#define TIMER_PERIOD_LEAST 1000000ull   /* of VCPUOP_set_periodic_timer */
#define TIMER_PERIOD_MOST  (~0ull >> 2) /* so that no sum of times overflows */

/* Arms, or re-arms, on this CPU, where it fires, wherever its vCPU is by then; `vcpu` and `kind`
 * are set. One CPU at a time, the vCPU's, arms a timer. A deadline in the past fires at once: at
 * the next timers_run. Asks for a pass through the run loop. */
void timer_set(struct timer *timer, u64 deadline);

/* Any CPU. When it returns the timer does not fire, nor is it firing. */
void timer_stop(struct timer *timer);

/* Fires everything due, then programs the local APIC for the next deadline or `slice_end`,
 * whichever is earlier (0: no slice). Called by the run loop before it enters a guest or idles.
 * What fires may wake a vCPU: when cpu->work is set afterwards, the run loop has to choose
 * again. */
void timers_run(u64 slice_end);

#endif
