/* SPDX-License-Identifier: MIT */
/* Watchdogs: a guest promises to report again within a time, and is shut down if it does not. Each
 * domain has WATCHDOGS of them. Xen ABI: sched.h, SCHEDOP_watchdog. */
#ifndef DOMAIN_WATCHDOG_H
#define DOMAIN_WATCHDOG_H

#include "hypervisor/time/timer_list.h"
#include "lib/types.h"

#define WATCHDOGS 2u

struct domain;
struct vcpu;

struct watchdogs {
    u32 used;             /* bit N: watchdog N is in use; guarded by struct domain's lock */
    _Atomic bool expired; /* one has expired, and watchdog_serve has not been called since */
    struct timer timer[WATCHDOGS];
};

/* The operation of the ABI, for the domain of the current vCPU. id 0: starts a free watchdog, and
 * returns its id; else `seconds` 0 ends that watchdog, and another number starts it again: 0.
 * Refuses: EINVAL: id 0 with 0 seconds, or an id that is not in use; ENOSPC: all are in use. Takes
 * struct domain's lock. */
s64 watchdog_set(struct vcpu *vcpu, u32 id, u32 seconds);

/* A watchdog of the domain has expired. For timer_fired: RANK_TIMERS is held. The run loop of this
 * CPU then calls watchdog_serve. */
void watchdog_expired(struct domain *domain);

/* A run loop's step for each domain, while domains_ending is true: shuts the domain down if a
 * watchdog of it has expired. The privileged domain then counts as rebooted, with which the machine
 * restarts; every other one has crashed, for the reason SHUTDOWN_watchdog. */
void watchdog_serve(struct domain *domain);

/* Part of the teardown: no watchdog of the domain expires after it. */
void watchdogs_stop(struct domain *domain);

#endif
