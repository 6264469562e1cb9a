/* SPDX-License-Identifier: MIT */
/* A timer, and the list of the timers that are armed on one CPU. */
#ifndef TIME_TIMER_LIST_H
#define TIME_TIMER_LIST_H

#include <stdatomic.h>

#include "lib/lock.h"
#include "lib/types.h"

struct cpu;
struct vcpu;

struct timer {
    struct timer *next;
    u64 deadline;              /* system time in ns at which the timer fires; valid while armed */
    _Atomic(struct cpu *) cpu; /* the CPU in whose list the timer is; NULL: not armed */
    u32 kind;                  /* for timer_fired; no meaning here */
    struct vcpu *vcpu;         /* for timer_fired; no meaning here */
};

/* Lock: RANK_TIMERS. It is held while a timer fires. */
struct timers {
    struct lock lock;    /* guards `first` and the timers in the list */
    struct timer *first; /* in ascending order of deadlines */
    u64 programmed;      /* the deadline that the local APIC was given; 0: none */
};

#endif
