/* SPDX-License-Identifier: MIT */
/* Timers. A timer is armed on one CPU and fires there once, at a system time. */
#ifndef TIME_TIMER_H
#define TIME_TIMER_H

#include "hypervisor/time/timer_list.h"

/* Arms a timer on this CPU for the system time `deadline` (ns), after stopping it if it was armed;
 * a timer with a deadline in the past fires at the next timers_run, or when an earlier interrupt of
 * the APIC's timer, which is on its way, has been served. Two CPUs must not arm the same
 * timer at the same time. Sets cpu->work if the timer is now the first of this CPU. Takes
 * RANK_TIMERS. */
void timer_set(struct timer *timer, u64 deadline);

/* Stops a timer, which may be armed on any CPU. When this returns, the timer is not armed and
 * timer_fired is not running for it. Takes RANK_TIMERS. */
void timer_stop(struct timer *timer);

/* Fires every timer of this CPU that is due, then programs the local APIC timer for the next
 * deadline or `slice_end` (0: no slice), whichever is earlier. Does nothing if the local APIC timer
 * will interrupt early enough anyway, or has done so and only waits for interrupts to be let in:
 * who calls this in a loop lets them in (interrupts_let_in). It may interrupt too early, after
 * another CPU has stopped a timer or a slice has ended before its time. The run loop calls it
 * before it enters a guest or idles, and before each step of a teardown. If cpu->work is set
 * afterwards, a timer has changed what should run, and the run loop must choose a vCPU again. */
void timers_run(u64 slice_end);

/* Records that the interrupt of this CPU's local APIC timer has come, so that the next timers_run
 * fires what is due. */
void timers_interrupted(void);

/* Defined by vcpu/: serves a timer that has fired at system time `now`. Returns the deadline, later
 * than `now`, at which the timer is to fire next; 0: the timer stays unarmed. The caller holds
 * RANK_TIMERS. */
u64 timer_fired(struct timer *timer, u64 now);

#endif
