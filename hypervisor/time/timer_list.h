/* SPDX-License-Identifier: MIT */
/* A timer, and the list of the timers that are armed on one CPU. */
#ifndef TIME_TIMER_LIST_H
#define TIME_TIMER_LIST_H

#include <stdatomic.h>

#include "lib/lock.h"
#include "lib/types.h"

struct cpu;
struct vcpu;

#define TIMER_DEVICES (~0u) /* the kind of the timer that polls devices (irq/isa.h) */

struct timer {
    struct timer *next;
    u64 deadline;              /* system time in ns at which the timer fires; valid while armed */
    _Atomic(struct cpu *) cpu; /* the CPU in whose list the timer is; NULL: not armed */
    u32 kind;                  /* read by timer_fired only */
    struct vcpu *vcpu;         /* read by timer_fired only */
};

/* The timers of one CPU. The lock has RANK_TIMERS and is held while a timer fires. */
struct timers {
    struct lock lock;    /* guards `first` and the timers in the list */
    struct timer *first; /* in ascending order of deadlines */
    u64 programmed; /* the deadline for which the local APIC timer was last programmed; 0: it is
                       stopped, or its interrupt has come */
    bool stale;     /* since then its interrupt has come, or this CPU has armed a timer that is now
                       the first, or stopped the first. No other CPU writes it, not even its
                       own value: the interrupt sets it without the lock */
};

#endif
