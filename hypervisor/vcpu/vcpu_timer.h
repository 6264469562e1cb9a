/* SPDX-License-Identifier: MIT */
/* The timers of a vCPU and of its domain. */
#ifndef VCPU_VCPU_TIMER_H
#define VCPU_VCPU_TIMER_H

#include "hypervisor/time/timer_list.h"

/* The kinds of timers (member `kind` of struct timer), beside TIMER_DEVICES. */
enum timer_kind {
    TIMER_SINGLESHOT, /* raises VIRQ_TIMER once */
    TIMER_PERIODIC,   /* raises VIRQ_TIMER every vcpu->period ns */
    TIMER_POLL,       /* ends SCHEDOP_poll when its time-out is reached */
    TIMER_WATCHDOG,   /* one of the domain's (domain/watchdog.h); its vCPU is any of the domain.
                         This kind and TIMER_DEVICES come last */
};

#define TIMER_PERIOD_LEAST 1000000ull   /* ns: the shortest period of VCPUOP_set_periodic_timer */
#define TIMER_PERIOD_MOST  (~0ull >> 2) /* ns: the longest; two of it can be added */

#endif
