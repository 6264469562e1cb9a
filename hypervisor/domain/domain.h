/* SPDX-License-Identifier: MIT */
/* A domain: one guest, its memory, its vCPUs, its channels. */
#ifndef DOMAIN_DOMAIN_H
#define DOMAIN_DOMAIN_H

#include <stdatomic.h>

#include "hypervisor/domain/vcpu.h"
#include "hypervisor/event/channel.h"
#include "hypervisor/console/guest_console.h"
#include "hypervisor/grant/grant.h"
#include "hypervisor/sched/share.h"
#include "lib/handoff.h"
#include "lib/lock.h"

#define DOMAIN_VCPUS_MAX 32

enum domain_end {
    DOMAIN_RUNNING,
    DOMAIN_POWERED_OFF,
    DOMAIN_REBOOTED,
    DOMAIN_CRASHED,
};

struct domain {
    u16 id;    /* 1 upwards */
    u32 index; /* in the order of the hand-off: names its console */
    char name[HANDOFF_NAME_MAX + 1];
    struct vmmu_domain mmu;
    u32 vcpu_count;
    struct vcpu *vcpu[DOMAIN_VCPUS_MAX];
    struct shared_info *shared;
    mfn_t shared_frame; /* TYPE_SHARED */
    u64 pages;          /* what it was built with */
    u32 vm_assist;
    struct event_channels events;
    struct guest_console console;
    struct grants grants;
    struct share share; /* of the CPUs */
    struct lock lock;   /* shared_info's wall clock, handlers, life and death */
    _Atomic u32 end;    /* enum domain_end, first one wins */
    bool torn_down;
    u64 unknown_calls;
    u64 started_at; /* system time */
};

/* A domain without memory, with `vcpus` vCPUs that are down, or fewer (vcpu_count) if memory for
 * them ran out; NULL: no memory for any of it. */
struct domain *domain_create(const char *name, u32 index, u64 pages, u32 vcpus);

/* False when domain_create ever returned NULL. */
bool domain_all_built(void);

/* Its console ring is frame `ring` of its own; false: refused or no memory. */
bool domain_start_console(struct domain *domain, mfn_t ring);

/* True from its shutdown or crash on. */
static inline bool domain_has_ended(const struct domain *domain)
{
    return atomic_load_explicit(&domain->end, memory_order_acquire) != DOMAIN_RUNNING;
}

/* Every domain, by index 0..domain_count()-1; a domain that has ended stays, with `end` set. */
u32 domain_count(void);
struct domain *domain_at(u32 index);
struct domain *domain_by_id(u16 id); /* NULL: no such domain */

/* True for DOMID_SELF and the domain's own number. Else *error says which error it is. */
static inline bool domain_is_self(const struct domain *domain, u16 id, s64 *error)
{
    if (id == DOMID_SELF || id == domain->id)
        return true;
    *error = domain_by_id(id) ? -XEN_EPERM : -XEN_ESRCH;
    return false;
}

/* Ends the current vCPU's domain: writes the crash report (registers, a walk of the faulting
 * address, the last refusal) and marks it. The domain stops running at once; the CPU tears it down
 * when it leaves it. `reason` is one sentence. Returns; the caller goes back to the run loop. */
void domain_crash(struct domain *domain, const char *reason);

/* An orderly end (SCHEDOP_shutdown). */
void domain_shutdown(struct domain *domain, enum domain_end end);

/* One step of tearing down an ended domain that no CPU runs: true when it is all gone. */
bool domain_teardown(struct domain *domain);

#endif
