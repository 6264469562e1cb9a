/* SPDX-License-Identifier: MIT */
/* Copying CPU policies to toolstacks. */
#include "hypervisor/call/policy.h"
#include "hypervisor/memory/guest_copy.h"

static s64 copy_leaves(struct policy_walk *walk, u64 to, u32 *count)
{
    xen_cpuid_leaf_t leaf;
    u32 room = *count, done = 0;

    while (policy_next(walk, &leaf)) {
        if (done == room) {
            return -XEN_ENOBUFS;
        }
        if (!PUT_GUEST(to + done * sizeof leaf, &leaf)) {
            return -XEN_EFAULT;
        }
        done++;
    }
    *count = done;
    return 0;
}

static s64 copy_msrs(u64 to, u32 *count)
{
    if (*count < POLICY_MSRS) {
        return -XEN_ENOBUFS;
    }
    for (u32 i = 0; i < POLICY_MSRS; i++) {
        xen_msr_entry_t entry;

        policy_msr(i, &entry);
        if (!PUT_GUEST(to + i * sizeof entry, &entry)) {
            return -XEN_EFAULT;
        }
    }
    *count = POLICY_MSRS;
    return 0;
}

s64 policy_copy(struct policy_walk *walk, u64 leaves, u32 *leaf_count, u64 msrs, u32 *msr_count)
{
    s64 result = 0;

    if (!leaves) {
        *leaf_count = POLICY_LEAVES_MAX;
    } else {
        result = copy_leaves(walk, leaves, leaf_count);
    }
    if (result) {
        return result;
    }
    if (!msrs) {
        *msr_count = POLICY_MSRS;
        return 0;
    }
    return copy_msrs(msrs, msr_count);
}
