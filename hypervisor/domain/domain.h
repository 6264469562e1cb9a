/* SPDX-License-Identifier: MIT */
/* A domain: one guest with its memory, vCPUs, event channels and grants. */
#ifndef DOMAIN_DOMAIN_H
#define DOMAIN_DOMAIN_H

#include <stdatomic.h>

#include "hypervisor/vcpu/policy.h"
#include "hypervisor/vcpu/vcpu.h"
#include "hypervisor/domain/domain_table.h"
#include "hypervisor/domain/managed.h"
#include "hypervisor/domain/watchdog.h"
#include "hypervisor/event/channel.h"
#include "hypervisor/console/guest_console.h"
#include "hypervisor/grant/grant.h"
#include "hypervisor/memory/view.h"
#include "hypervisor/pirq/pirq.h"
#include "hypervisor/sched/share.h"
#include "lib/lock.h"

#define DOMAIN_ORDER     0u /* of the pages of struct domain */
#define DOMAIN_VCPUS_MAX 32
#define DOMAIN_NAME_MAX  127
#define DOMAIN_NO_CODE   (~0u)

enum domain_end {
    DOMAIN_RUNNING,
    DOMAIN_POWERED_OFF,
    DOMAIN_REBOOTED,
    DOMAIN_CRASHED,
    DOMAIN_DESTROYED, /* by a toolstack; only a managed domain ends so, and in no other way */
};

/* Why no vCPU of a domain may run: a set of bits. */
enum domain_hold {
    DOMAIN_HELD_ENDED = 1,      /* domain_has_ended */
    DOMAIN_HELD_PAUSED = 2,     /* its pause count is not 0 */
    DOMAIN_HELD_SHUT_DOWN = 4,  /* managed: its guest has shut it down, or it has crashed */
    DOMAIN_HELD_CRASHED = 8,    /* managed: it has crashed; with DOMAIN_HELD_SHUT_DOWN */
    DOMAIN_HELD_INSPECTED = 16, /* a toolstack reads or sets the state of a vCPU (domain_inspect) */
};

struct domain {
    u16 id; /* 1 upwards, or 0 if privileged; not reused while anything may still refer to the
               old domain */
    bool privileged; /* it drives the machine's devices, and may act on other domains
                        (domain/rights.h); there is at most one */
    bool managed;    /* made by a toolstack (domain/managed.h) */
    u32 place;       /* its place in the domain table */
    struct vmmu_domain mmu;
    struct view view; /* where guests are isolated (domain/isolation.h) */
    u32 vcpu_count;
    struct vcpu *vcpu[DOMAIN_VCPUS_MAX];
    struct shared_info *shared;
    mfn_t shared_frame;    /* frame of `shared`; its type is VMMU_TYPE_SHARED */
    u64 pages;             /* memory that the guest was built with, in pages */
    _Atomic u32 vm_assist; /* the modes that are on, but for m2p_strict, which the engine has */
    struct event_channels events;
    struct guest_console console;
    struct grants grants;
    struct watchdogs watchdogs;
    struct share share;   /* its share of the CPUs */
    struct policy policy; /* the processor features that a toolstack hides from it */
    struct lock lock;     /* guards shared_info's wall clock, `crashed`, changes of `vm_assist`, and
                             VCPUOP_down */
    _Atomic u32 end;      /* enum domain_end; the first end counts */
    _Atomic u32 holds;    /* set of enum domain_hold; 0: its vCPUs may run */
    _Atomic bool gone;    /* it counts as ended for good */
    _Atomic u32 pci_address; /* what it wrote to port 0xcf8 last, if it may use that port */
    struct pirqs *pirqs;     /* its interrupts of the machine; NULL: it has no right to any */
    _Atomic bool torn_down, finished;
    struct lock teardown_lock; /* held while a CPU tears the domain down; only ever tried */
    struct vcpu *crashed; /* the vCPU that ran when the domain crashed, until it has been reported;
                             NULL: none */
    bool reported;        /* the log and the console have all that there is to say of it */
    _Atomic u64 unknown_calls;
    _Atomic u32 refused[VMMU_RESULTS]; /* how often each rule has refused a request of it */
    _Atomic u32 shutdown_code;  /* the reason that SCHEDOP_shutdown_code has fixed; DOMAIN_NO_CODE:
                                   none */
    u64 started_at;             /* system time at which the domain was created, ns */
    struct toolstack toolstack; /* what a toolstack has set */
    char name[DOMAIN_NAME_MAX + 1];
};

/* Makes the next domain in a reserved place of the domain table (domain_table_reserve_privileged:
 * the privileged domain), without memory and with `vcpus`
 * vCPUs that are down; vcpu_count is less if memory runs out. `name`, at most DOMAIN_NAME_MAX
 * characters, is copied. `pages`: the most frames that the domain may have. NULL: no memory for the
 * domain itself; it counts as crashed and as ended for good, and the place stays reserved. */
struct domain *domain_create(const char *name, u32 place, u64 pages, u32 vcpus);

/* Announces `count` domains that will be made: the machine does not end before each of them has
 * ended for good. Once, before other CPUs run. */
void domains_expect(u32 count);

/* True while some domain has been shut down or has crashed, and is neither finished
 * (domain_finish) nor freed yet, or a watchdog has expired and not been served. A watchdog reports
 * that by domains_ending_add, and the end of it by domains_ending_drop. */
bool domains_ending(void);
void domains_ending_add(void);
void domains_ending_drop(void);

/* True when every announced domain has ended for good or could not be made, or the privileged
 * domain has ended for good, with which the machine ends. A domain has ended for good as soon as
 * the log and its console have all that there is to say of it, unless its guest is to be started
 * again; it may still have all its memory. */
bool domains_all_gone(void);

/* Counts a domain as ended for good. Without effect the second time. */
void domain_gone(struct domain *domain);

/* True when a domain has crashed or could not be made. */
bool domain_any_failed(void);

/* Gives the domain a console with its own frame `ring` as the ring page, and binds the event
 * channel. False: the frame cannot be held, or no port could be bound. */
bool domain_start_console(struct domain *domain, mfn_t ring);

/* True from the domain's shutdown or crash on. */
static inline bool domain_has_ended(const struct domain *domain)
{
    return atomic_load_explicit(&domain->end, memory_order_acquire) != DOMAIN_RUNNING;
}

/* True when no vCPU of the domain may run: it has ended, is paused or is shut down. */
static inline bool domain_is_held(const struct domain *domain)
{
    return atomic_load_explicit(&domain->holds, memory_order_acquire) != 0;
}

/* True when the domain has ended or, if it is managed, has crashed: its guest's present operation
 * has no result. */
static inline bool domain_is_over(const struct domain *domain)
{
    return atomic_load_explicit(&domain->holds, memory_order_acquire) &
           (DOMAIN_HELD_ENDED | DOMAIN_HELD_CRASHED);
}

static inline bool domain_is_torn_down(const struct domain *domain)
{
    return atomic_load_explicit(&domain->torn_down, memory_order_acquire);
}

/* Stores the counters of the domain's page-table work in *sum, with what its vCPUs have counted.
 * From the domain's end until its vCPUs have been stopped only domain_counters_at_end knows what
 * those have counted; only the CPU that tears the domain down may call it then, because the vCPUs
 * must exist. */
void domain_counters(const struct domain *domain, struct vmmu_counters *sum);
void domain_counters_at_end(const struct domain *domain, struct vmmu_counters *sum);

/* Removes a torn-down domain from the domain table and frees it. Its place stays reserved for the
 * same guest. Of a managed domain the caller holds teardown_lock, which goes with it. Waits until
 * the other CPUs are in their run loops; call it from a run loop. */
void domain_destroy(struct domain *domain);

/* Ends `domain`, that of the current vCPU, as crashed, unless it has ended already. `reason`: one
 * sentence for the log. The domain stops running on this CPU now and on others soon; when no CPU
 * has a vCPU of it loaded, a report of each initialised vCPU is logged. Returns to the caller,
 * which must go to the run loop. */
void domain_crash(struct domain *domain, const char *reason);

/* Ends the domain in the way `end` (not DOMAIN_RUNNING), as SCHEDOP_shutdown does. No effect if the
 * domain has ended already. A managed domain ends by DOMAIN_DESTROYED only; every other end shuts
 * it down (domain_stop). */
void domain_shutdown(struct domain *domain, enum domain_end end);

/* Ends `domain`, that of the current vCPU, for the reason that its guest gives (SHUTDOWN_*, or any
 * other number), or for the one that domain_fix_reason has fixed before: powered off, rebooted, or
 * with every other reason crashed. A managed domain is shut down with that reason (domain_stop).
 * False, and no effect: the reason is SHUTDOWN_suspend and the domain is not managed, so nobody
 * could save it. Xen ABI: SCHEDOP_shutdown. */
bool domain_shutdown_for(struct domain *domain, u32 reason);

/* Fixes the reason for which the guest of `domain` will be said to have ended when it shuts itself
 * down. The first call counts. Xen ABI: SCHEDOP_shutdown_code. */
void domain_fix_reason(struct domain *domain, u32 reason);

/* Finishes a torn-down domain whose guest is not started again. It stays in the domain table. */
void domain_finish(struct domain *domain);

/* Defined by build/: true when the guest of an ended domain is to be started again. */
bool domain_restarts(const struct domain *domain);

/* Tears an ended domain down as far as is possible without waiting: not while another CPU does so,
 * not while a vCPU is loaded on a CPU, and only until the work is interrupted. To be repeated until
 * domain_is_torn_down is true. Call it from a run loop. */
void domain_teardown(struct domain *domain);

#endif
