/* SPDX-License-Identifier: MIT */
/* Managed domains: made, paused, shut down and destroyed by a toolstack in the privileged domain
 * (domctl).
 *
 * A managed domain begins paused (pause count 1), without vCPUs and memory. When its guest powers
 * off, reboots, suspends or crashes, it is shut down: its vCPUs stop, and all that it has stays,
 * for the toolstack to read, until the domain is resumed or destroyed. To destroy it (domain_kill)
 * ends it: the run loops tear it down. While others still map frames of it, it then stays in the
 * domain table as a husk; afterwards it is freed, and its place is released. */
#ifndef DOMAIN_MANAGED_H
#define DOMAIN_MANAGED_H

#include "lib/lock.h"
#include "lib/types.h"

struct domain;
struct domain_map;

#define DOMAIN_PAUSES_MAX 255u
#define DOMAIN_NO_REASON  (~0u)

/* What a toolstack sets of a domain. */
struct toolstack {
    struct lock lock;    /* held by the CPU that serves a domctl on this domain; only ever tried */
    u8 handle[16];       /* the ABI's xen_domain_handle_t */
    u32 ssidref;         /* a security label, which is only kept */
    u32 vcpus_max;       /* how many vCPUs the domain is to have */
    u32 pauses;          /* the pause count; guarded by struct domain's lock */
    _Atomic u32 reason;  /* of the shutdown: SHUTDOWN_*; DOMAIN_NO_REASON: it is not shut down */
    _Atomic bool raised; /* the shutdown has been reported to the privileged domain */
    _Atomic bool answered; /* the toolstack knows that the domain is torn down: it may disappear */
    bool dead_raised;      /* so has been the end */
    bool stopped_users;    /* no CPU is in an operation on the domain that began before its end */
    _Atomic u64 claim;     /* see domain/claim.h */
    u64 cpu_time;          /* of all its vCPUs, once these are gone; ns */
    u64 nodes;             /* the NUMA nodes that it prefers, a set of bits */
    s64 time_offset;       /* seconds between its wall clock and the machine's */
    u32 tsc_mode, tsc_khz, tsc_incarnation; /* as settscinfo gave them */
    u64 tsc_elapsed;
    struct domain_map
        *map; /* its memory map; NULL: none was set; guarded by struct domain's lock */
};

/* Makes a managed domain in a reserved place of the domain table, paused. `handle`: 16 bytes, which
 * are copied. NULL: no memory. */
struct domain *domain_create_managed(u32 place, u32 vcpus_max, const u8 *handle, u32 ssidref);

/* domain_pause adds 1 to the pause count of a domain, and domain_unpause subtracts 1. A paused
 * domain's vCPUs leave their CPUs soon: see domain_is_stopped. Results: 0; -XEN_EBUSY: the count is
 * DOMAIN_PAUSES_MAX; -XEN_EINVAL: it is 0. Takes struct domain's lock. */
s64 domain_pause(struct domain *domain);
s64 domain_unpause(struct domain *domain);

/* domain_inspect stops the vCPUs of a domain as domain_pause does, without adding to its pause
 * count, until domain_inspect_end, which has no effect without it. Both with toolstack.lock held.
 */
void domain_inspect(struct domain *domain);
void domain_inspect_end(struct domain *domain);

/* True when no CPU has a vCPU of the domain loaded; of a held domain (domain_is_held), none will
 * have one before the holds end. */
bool domain_is_stopped(const struct domain *domain);

/* Shuts a managed domain down for `reason` (SHUTDOWN_*). When no CPU has a vCPU of it loaded, it is
 * reported: a crash in the log, and VIRQ_DOM_EXC to the privileged domain. No effect if it is shut
 * down already. Takes struct domain's lock. */
void domain_stop(struct domain *domain, u32 reason);

/* Ends the shutdown of a managed domain: its vCPUs go on. No effect if it is not shut down, or if
 * it has crashed or ended. Takes struct domain's lock. */
void domain_resume(struct domain *domain);

/* Called by a CPU's run loop when it has left a vCPU of a held domain: reports a shutdown when the
 * last vCPU has stopped. Takes RANK_EVENTS and lower. */
void domain_vcpu_left(struct domain *domain);

/* Ends a managed domain; no effect the second time. The run loops tear it down, see
 * domain_is_torn_down. */
void domain_kill(struct domain *domain);

/* Ends a domain that domain_create_managed has just made and that its toolstack is not to see. */
void domain_discard(struct domain *domain);

/* Part of the teardown: drops the domain's memory map and its claim. */
void toolstack_drop(struct domain *domain);

/* A run loop's step for a managed domain that is torn down: reports its end, and frees it when
 * nobody has frames of it and the toolstack has its answer. */
void domain_collect(struct domain *domain);

#endif
