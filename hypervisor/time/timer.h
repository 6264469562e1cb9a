/* SPDX-License-Identifier: MIT */
/* Timers: each is armed on one CPU and fires there once, at a system time. */
#ifndef TIME_TIMER_H
#define TIME_TIMER_H

#include "hypervisor/time/timer_list.h"

/* Arms a timer on this CPU for the system time `deadline` (ns), after stopping it if it was armed;
 * a deadline in the past fires at the next timers_run. Only one CPU at a time arms a timer. Sets
 * cpu->work if the timer is now the first. Takes RANK_TIMERS. */
void timer_set(struct timer *timer, u64 deadline);

/* Stops a timer, on any CPU: when this returns the timer neither fires nor is firing. Takes
 * RANK_TIMERS. */
void timer_stop(struct timer *timer);

/* Fires every timer of this CPU that is due, then programs the local APIC for the next deadline or
 * `slice_end`, whichever is earlier (0: no slice). The run loop calls it before it enters a guest
 * or idles; if cpu->work is set afterwards, a timer has made another choice necessary. */
void timers_run(u64 slice_end);

/* Defined by vcpu/: serves a timer that has fired at system time `now`. Returns the next deadline,
 * later than `now`, of a timer that fires again by itself; 0: it stays unarmed. The caller holds
 * RANK_TIMERS. */
u64 timer_fired(struct timer *timer, u64 now);

#endif
