/* SPDX-License-Identifier: MIT */
/* A domain: one guest, its memory, its vCPUs, its channels. */
#ifndef DOMAIN_DOMAIN_H
#define DOMAIN_DOMAIN_H

#include <stdatomic.h>

#include "hypervisor/vcpu/vcpu.h"
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
    u16 id;                  /* 1 upwards; never that of an earlier one that anybody may remember */
    u32 index;               /* in the order of the hand-off: names its console */
    struct handoff *handoff; /* what it was built from; NULL: it could not be built */
    char name[HANDOFF_NAME_MAX + 1];
    struct vmmu_domain mmu;
    u32 vcpu_count;
    struct vcpu *vcpu[DOMAIN_VCPUS_MAX];
    struct shared_info *shared;
    mfn_t shared_frame; /* TYPE_SHARED */
    u64 pages;          /* what it was built with */
    _Atomic u32 vm_assist;
    struct event_channels events;
    struct guest_console console;
    struct grants grants;
    struct share share; /* of the CPUs */
    struct lock lock;   /* shared_info's wall clock, handlers, life and death */
    _Atomic u32 end;    /* enum domain_end, first one wins */
    _Atomic bool torn_down, buried;
    struct lock teardown_lock; /* whoever takes it apart */
    struct vcpu *crashed;      /* the vCPU that brought it down, if one did */
    _Atomic u64 unknown_calls;
    u64 started_at; /* system time */
};

struct handoff;

/* A domain for guest `index` of the hand-off, without memory, with `vcpus` vCPUs that are down, or
 * fewer (vcpu_count) if memory for them ran out; NULL: no memory for any of it. */
struct domain *domain_create(const char *name, u32 index, u64 pages, u32 vcpus);

/* So many guests there are to be: the end of the last one is the machine's. Before other CPUs run.
 */
void domains_expect(u32 guests);

/* True when some domain has ended and is not torn down yet. */
bool domains_ending(void);

/* True when every guest has ended for good, or could not be created. */
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

/* Every domain, by the index 0..domain_count()-1 of its guest; NULL: that could not be created. A
 * domain that has ended stays, with `end` set, unless another takes its place: a CPU may use what
 * it found here until it is back in its run loop. */
u32 domain_count(void);
struct domain *domain_at(u32 index);
struct domain *domain_by_id(u16 id); /* NULL: no such domain */

/* Frees a torn-down domain that nobody can name any more. From a run loop. */
void domain_destroy(struct domain *domain);

/* Ends the current vCPU's domain, which stops running at once on this CPU, and soon on the others;
 * a report of each of its vCPUs follows when all have stopped. `reason` is one sentence. Returns;
 * the caller goes back to the run loop. */
void domain_crash(struct domain *domain, const char *reason);

/* An orderly end (SCHEDOP_shutdown). */
void domain_shutdown(struct domain *domain, enum domain_end end);

/* The last thing to be done for a domain: it is torn down, and its guest has ended with it. */
void domain_gone(struct domain *domain);

/* One step of tearing down an ended domain, if no other CPU is at it; torn_down after the last.
 * From a run loop. */
void domain_teardown(struct domain *domain);

#endif
