/* SPDX-License-Identifier: MIT */
/* A domain: one guest, its memory, its vCPUs, its channels. */
#ifndef DOMAIN_DOMAIN_H
#define DOMAIN_DOMAIN_H

#include <stdatomic.h>

#include "hypervisor/vcpu/vcpu.h"
#include "hypervisor/domain/domain_table.h"
#include "hypervisor/event/channel.h"
#include "hypervisor/console/guest_console.h"
#include "hypervisor/grant/grant.h"
#include "hypervisor/sched/share.h"
#include "lib/lock.h"

#define DOMAIN_VCPUS_MAX 32
#define DOMAIN_NAME_MAX  31

enum domain_end {
    DOMAIN_RUNNING,
    DOMAIN_POWERED_OFF,
    DOMAIN_REBOOTED,
    DOMAIN_CRASHED,
};

struct domain {
    u16 id;    /* 1 upwards; not reused while anything may still refer to the old domain */
    u32 place; /* in the domain table */
    char name[DOMAIN_NAME_MAX + 1];
    struct vmmu_domain mmu;
    u32 vcpu_count;
    struct vcpu *vcpu[DOMAIN_VCPUS_MAX];
    struct shared_info *shared;
    mfn_t shared_frame; /* VMMU_TYPE_SHARED */
    u64 pages;          /* what it was built with */
    _Atomic u32 vm_assist;
    struct event_channels events;
    struct guest_console console;
    struct grants grants;
    struct share share; /* of the CPUs */
    struct lock lock;   /* shared_info's wall clock, handlers, life and death */
    _Atomic u32 end;    /* enum domain_end, first one wins */
    _Atomic bool torn_down, buried;
    struct lock teardown_lock; /* held for each step of its teardown */
    struct vcpu *crashed;      /* the vCPU that brought it down, if one did */
    _Atomic u64 unknown_calls;
    u64 started_at; /* system time */
};

/* Makes the next domain of a reserved place of the domain table, without memory, with `vcpus` vCPUs
 * that are down, or fewer (vcpu_count) if memory for them ran out. `name` of DOMAIN_NAME_MAX
 * characters at most is copied. NULL: no memory for any of it; the domain counts as crashed and as
 * ended for good, the place stays reserved. */
struct domain *domain_create(const char *name, u32 place, u64 pages, u32 vcpus);

/* Announces `count` domains that are to be made: the machine is not done before each of them has
 * ended for good. Once, before other CPUs run. */
void domains_expect(u32 count);

/* True when some domain has ended and is not torn down yet. */
bool domains_ending(void);

/* True when every domain has ended for good, or could not be created. */
bool domains_all_gone(void);

/* True when some domain crashed, or could not be created. */
bool domain_any_failed(void);

/* Its console ring is frame `ring` of its own; false: refused or no memory. */
bool domain_start_console(struct domain *domain, mfn_t ring);

/* True from its shutdown or crash on. */
static inline bool domain_has_ended(const struct domain *domain)
{
    return atomic_load_explicit(&domain->end, memory_order_acquire) != DOMAIN_RUNNING;
}

static inline bool domain_is_torn_down(const struct domain *domain)
{
    return atomic_load_explicit(&domain->torn_down, memory_order_acquire);
}

/* Removes a torn-down domain from the table and frees it; its place stays reserved, for another
 * life of it. Waits for the other CPUs. From a run loop. */
void domain_destroy(struct domain *domain);

/* Ends the current vCPU's domain, which stops running at once on this CPU, and soon on the others;
 * a report of each of its vCPUs follows when all have stopped. `reason` is one sentence. Returns;
 * the caller goes back to the run loop. */
void domain_crash(struct domain *domain, const char *reason);

/* An orderly end (SCHEDOP_shutdown). */
void domain_shutdown(struct domain *domain, enum domain_end end);

/* Counts a torn-down domain as ended for good: nothing takes its place. It stays in the table. */
void domain_gone(struct domain *domain);

/* One step of tearing down an ended domain, if no other CPU is at it; torn_down after the last.
 * From a run loop. */
void domain_teardown(struct domain *domain);

#endif
