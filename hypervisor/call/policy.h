/* SPDX-License-Identifier: MIT */
/* Copying CPU policies to toolstacks, for domctl and sysctl. */
#ifndef CALL_POLICY_H
#define CALL_POLICY_H

#include "hypervisor/vcpu/policy.h"

/* Copies the leaves of the walk, which has not begun, to guest address `leaves`, where there is
 * room for *leaf_count, and the MSRs likewise; the counts become the numbers of those copied. For
 * an address of 0 nothing is copied, and the count becomes the most that there can be. Refuses:
 * EFAULT; ENOBUFS: there is not enough room. */
s64 policy_copy(struct policy_walk *walk, u64 leaves, u32 *leaf_count, u64 msrs, u32 *msr_count);

#endif
