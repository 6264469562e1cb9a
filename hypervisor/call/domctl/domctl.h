/* SPDX-License-Identifier: MIT */
/* domctl: how a toolstack in the privileged domain makes, changes and destroys domains. One file
 * for each family of operations; the dispatcher is domctl.c. Xen ABI: domctl.h, interface version
 * 0x15, and 0x17 by conversion (form.h).
 *
 * The dispatcher has copied the argument, checked its version and the caller's right, and found the
 * target; it holds the target's toolstack.lock, so that one operation at a time changes a domain.
 * An operation reads and changes `op.u`, returns 0 or a negated error number, and then has changed
 * nothing; it sets `answers` if its results in `op` are to be copied back. It may be interrupted
 * (call->again), and is then called again with the same argument, copied anew. */
#ifndef CALL_DOMCTL_DOMCTL_H
#define CALL_DOMCTL_DOMCTL_H

#include "hypervisor/call/call.h"
#include "hypervisor/xen.h"

struct domain;

struct domctl {
    struct vcpu *vcpu; /* the caller */
    struct call *call;
    struct domain *target; /* it may have ended where the operation's contract says so */
    struct xen_domctl op;
    bool answers;
};

/* Copies `op` to where the caller has its argument, in the form in which it passed it. False: it
 * cannot be written there. */
bool domctl_put(const struct domctl *d);

/* Makes a managed domain, with the number in op.domain if that is one, else with any; op.domain
 * becomes its number. Refuses: EINVAL: a configuration that is not for a PV domain here; EEXIST:
 * the number is not free; ENOMEM. The new domain becomes the target. */
s64 domctl_createdomain(struct domctl *d);

/* Makes the target's vCPUs, as many as it was created for; another number: EINVAL. Those that exist
 * stay. Refuses: ENOMEM. */
s64 domctl_max_vcpus(struct domctl *d);

/* Ends the target, and is interrupted until it is torn down; then 0. The target may have ended. */
s64 domctl_destroydomain(struct domctl *d);

/* Add to and subtract from the target's pause count (domain/managed.h). After a pause the caller
 * goes on when the target's vCPUs have left their CPUs. Refuse: EINVAL: the target is the caller's
 * domain, or its count is 0; EBUSY: the count is at its limit. The target may have ended. */
s64 domctl_pausedomain(struct domctl *d);
s64 domctl_unpausedomain(struct domctl *d);

/* Lets the target go on after its shutdown. Refuses: EINVAL: the target is the caller's domain. */
s64 domctl_resumedomain(struct domctl *d);

/* Describes the target, or if there is no domain with that number the next one. The target may have
 * ended. */
s64 domctl_getdomaininfo(struct domctl *d);

/* Settings of the target: what each keeps, and its refusals, are in settings.c. */
s64 domctl_max_mem(struct domctl *d);
s64 domctl_setdomainhandle(struct domctl *d);
s64 domctl_set_address_size(struct domctl *d);
s64 domctl_get_address_size(struct domctl *d);
s64 domctl_settscinfo(struct domctl *d);
s64 domctl_gettscinfo(struct domctl *d);
s64 domctl_settimeoffset(struct domctl *d);
s64 domctl_setnodeaffinity(struct domctl *d);
s64 domctl_getnodeaffinity(struct domctl *d);
s64 domctl_hypercall_init(struct domctl *d);
s64 domctl_shadow_op(struct domctl *d);
s64 domctl_set_virq_handler(struct domctl *d);

/* vCPUs of the target: vcpu.c. A number that is not one of its vCPUs: ESRCH. */
s64 domctl_setvcpucontext(struct domctl *d);
s64 domctl_getvcpuinfo(struct domctl *d);
s64 domctl_setvcpuaffinity(struct domctl *d);
s64 domctl_getvcpuaffinity(struct domctl *d);

/* Raises an NMI in a vCPU of the target. Refuses: ENOSYS: another trigger. */
s64 domctl_sendtrigger(struct domctl *d);

/* The target's share of the CPUs (scheduler.c). putinfo with weight 0 leaves the weight; cap 0:
 * none. Refuses: EINVAL: another scheduler, or an operation on single vCPUs. */
s64 domctl_scheduler_op(struct domctl *d);

/* The processor features that the target is shown (policy.c). Refuse: ENOBUFS: the buffer is too
 * small; EEXIST: the target has run already; E2BIG: more leaves or MSRs than there can be; ERANGE,
 * EINVAL: policy_take_leaf and policy_take_msr, and err_leaf, err_subleaf or err_msr name the
 * culprit. */
s64 domctl_get_cpu_policy(struct domctl *d);
s64 domctl_set_cpu_policy(struct domctl *d);

/* The state of a vCPU of the target, for saving and restoring it (context.c, state.c). A target
 * that runs is stopped for the operation. Refuse: those of domctl_stopped_vcpu; EINVAL: a state
 * that the vCPU cannot have; ENOBUFS. */
s64 domctl_getvcpucontext(struct domctl *d);
s64 domctl_get_ext_vcpucontext(struct domctl *d);
s64 domctl_set_ext_vcpucontext(struct domctl *d);
s64 domctl_getvcpuextstate(struct domctl *d);
s64 domctl_setvcpuextstate(struct domctl *d);
s64 domctl_get_vcpu_msrs(struct domctl *d);
s64 domctl_set_vcpu_msrs(struct domctl *d);

/* Replaces each of up to 1024 frame numbers by what the target uses that frame as: an
 * XEN_DOMCTL_PFINFO_ word (frames.c). Refuses: E2BIG. */
s64 domctl_getpageframeinfo3(struct domctl *d);

/* The target's vCPU with this number, any value. NULL: it has none. */
struct vcpu *domctl_vcpu(const struct domain *domain, u32 id);

/* Says whether no CPU has a vCPU of the target loaded, and none will before the operation has its
 * result. False: the target is being stopped (domain_inspect), and the operation, which is
 * interrupted, is to be called again; the dispatcher lets the target go on when it has its result.
 */
bool domctl_target_stops(const struct domctl *d);

/* Finds the target's vCPU with this number, whose state no CPU has loaded; *vcpu becomes NULL if
 * the operation is interrupted (domctl_target_stops), and the result is 0. Other results: 0;
 * EINVAL: the target is the caller's domain; ESRCH: there is no such vCPU; ENODATA: it has no state
 * yet. */
s64 domctl_stopped_vcpu(const struct domctl *d, u32 id, struct vcpu **vcpu);

/* Copy a set of at most 64 members between `set` and the ABI's bitmap in guest memory. Bits of the
 * bitmap that have no place in `set` are ignored, and written as 0. False: a bad pointer. */
bool bitmap_read(const struct xenctl_bitmap *map, u64 *set);
bool bitmap_write(const struct xenctl_bitmap *map, u64 set);

#endif
