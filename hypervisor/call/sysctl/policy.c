/* SPDX-License-Identifier: MIT */
/* sysctl: the processor's features. */
#include "hypervisor/call/policy.h"
#include "hypervisor/call/sysctl/sysctl.h"
#include "hypervisor/memory/guest_copy.h"

s64 sysctl_get_cpu_levelling_caps(struct sysctl *s)
{
    s->op.u.cpu_levelling_caps.caps = 0; /* what CPUID shows to user mode cannot be changed */
    s->answers = true;
    return 0;
}

s64 sysctl_get_cpu_featureset(struct sysctl *s)
{
    struct xen_sysctl_cpu_featureset *ask = &s->op.u.cpu_featureset;
    u32 features[POLICY_FEATURE_WORDS], room = ask->nr_features;
    u64 at = (u64)ask->features.p;

    switch (ask->index) {
    case XEN_SYSCTL_cpu_featureset_raw:
    case XEN_SYSCTL_cpu_featureset_host:
        policy_features(POLICY_MACHINE, features);
        break;
    case XEN_SYSCTL_cpu_featureset_pv:
    case XEN_SYSCTL_cpu_featureset_pv_max:
        policy_features(POLICY_GUESTS, features);
        break;
    case XEN_SYSCTL_cpu_featureset_hvm:
    case XEN_SYSCTL_cpu_featureset_hvm_max:
        return -XEN_EOPNOTSUPP;
    default:
        return -XEN_EINVAL;
    }
    s->answers = true;
    ask->nr_features = POLICY_FEATURE_WORDS;
    if (!at) {
        return 0;
    }
    ask->nr_features = room < POLICY_FEATURE_WORDS ? room : POLICY_FEATURE_WORDS;
    if (!copy_to_guest(at, features, ask->nr_features * sizeof *features)) {
        return -XEN_EFAULT;
    }
    return room < POLICY_FEATURE_WORDS ? -XEN_ENOBUFS : 0;
}

s64 sysctl_get_cpu_policy(struct sysctl *s)
{
    struct xen_sysctl_cpu_policy *ask = &s->op.u.cpu_policy;
    struct policy_walk walk = {.kind = POLICY_GUESTS};

    if (ask->_rsvd) {
        return -XEN_EINVAL;
    }
    switch (ask->index) {
    case XEN_SYSCTL_cpu_policy_raw:
    case XEN_SYSCTL_cpu_policy_host:
        walk.kind = POLICY_MACHINE;
        break;
    case XEN_SYSCTL_cpu_policy_pv_max:
    case XEN_SYSCTL_cpu_policy_pv_default:
        break;
    case XEN_SYSCTL_cpu_policy_hvm_max:
    case XEN_SYSCTL_cpu_policy_hvm_default:
        return -XEN_EOPNOTSUPP;
    default:
        return -XEN_EINVAL;
    }
    s->answers = true;
    return policy_copy(&walk, (u64)ask->leaves.p, &ask->nr_leaves, (u64)ask->msrs.p, &ask->nr_msrs);
}
