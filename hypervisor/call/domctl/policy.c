/* SPDX-License-Identifier: MIT */
/* domctl: the processor features that a domain is shown. */
#include "hypervisor/call/domctl/domctl.h"
#include "hypervisor/call/policy.h"
#include "hypervisor/domain/domain.h"
#include "hypervisor/memory/guest_copy.h"
#include "hypervisor/sched/sched.h"

s64 domctl_get_cpu_policy(struct domctl *d)
{
    struct xen_domctl_cpu_policy *ask = &d->op.u.cpu_policy;
    struct policy_walk walk = {.kind = POLICY_GUESTS, .policy = &d->target->policy};

    d->answers = true;
    return policy_copy(&walk, (u64)ask->leaves.p, &ask->nr_leaves, (u64)ask->msrs.p, &ask->nr_msrs);
}

/* True when a vCPU of the domain has been up: it may have read what its processor can do. */
static bool has_run(const struct domain *domain)
{
    for (u32 i = 0; i < domain->vcpu_count; i++) {
        struct vcpu_runstate_info times;

        sched_read_runstate(domain->vcpu[i], &times);
        if (times.time[RUNSTATE_running]) {
            return true;
        }
    }
    return false;
}

static s64 take_leaves(struct policy *policy, struct xen_domctl_cpu_policy *ask)
{
    for (u32 i = 0; i < ask->nr_leaves; i++) {
        xen_cpuid_leaf_t leaf;

        if (!GET_GUEST(&leaf, (u64)ask->leaves.p + i * sizeof leaf)) {
            return -XEN_EFAULT;
        }
        const s64 error = policy_take_leaf(policy, &leaf);
        if (error) {
            ask->err_leaf = leaf.leaf;
            ask->err_subleaf = leaf.subleaf;
            return error;
        }
    }
    return 0;
}

static s64 take_msrs(struct xen_domctl_cpu_policy *ask)
{
    for (u32 i = 0; i < ask->nr_msrs; i++) {
        xen_msr_entry_t entry;

        if (!GET_GUEST(&entry, (u64)ask->msrs.p + i * sizeof entry)) {
            return -XEN_EFAULT;
        }
        const s64 error = policy_take_msr(&entry);
        if (error) {
            ask->err_msr = entry.idx;
            return error;
        }
    }
    return 0;
}

s64 domctl_set_cpu_policy(struct domctl *d)
{
    struct xen_domctl_cpu_policy *ask = &d->op.u.cpu_policy;
    struct policy policy = d->target->policy;

    ask->err_leaf = ask->err_subleaf = ask->err_msr = ~0u;
    if (has_run(d->target)) {
        return -XEN_EEXIST;
    }
    if (ask->nr_leaves > POLICY_LEAVES_MAX || ask->nr_msrs > POLICY_MSRS) {
        return -XEN_E2BIG;
    }
    s64 error = take_leaves(&policy, ask);
    if (!error) {
        error = take_msrs(ask);
    }
    if (!error) {
        d->target->policy = policy;
    }
    d->answers = error; /* err_leaf and so on */
    return error;
}
