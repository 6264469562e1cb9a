/* SPDX-License-Identifier: MIT */
/* CPU policies: what CPUID says, as the lists of leaves and words of features that toolstacks
 * exchange, and which features a toolstack hides from a domain. (ABI: arch-x86/xen.h,
 * xen_cpuid_leaf; arch-x86/cpufeatureset.h.) */
#ifndef VCPU_POLICY_H
#define VCPU_POLICY_H

#include "hypervisor/cpu/asm.h"
#include "hypervisor/xen.h"
#include "lib/types.h"

#define POLICY_FEATURE_WORDS 18u  /* as many as Xen 4.17.7 has: 16 of CPUID, 2 of an MSR */
#define POLICY_CPUID_WORDS   16u  /* the first ones */
#define POLICY_LEAVES_MAX    128u /* the most leaves that a list can have */
#define POLICY_MSRS          2u   /* how many MSRs a list has */

enum policy_kind {
    POLICY_MACHINE, /* the real processor */
    POLICY_GUESTS,  /* what guests are shown, unless a toolstack hides it */
};

struct cpuid;

/* Of one domain: by word, the features that a toolstack hides. All 0: none. */
struct policy {
    u32 hidden[POLICY_CPUID_WORDS];
};

/* Writes the words of features. */
void policy_features(enum policy_kind kind, u32 words[POLICY_FEATURE_WORDS]);

/* Removes from *r, which is what guests are shown for the leaf, the features that are hidden. */
void policy_hide(const struct policy *policy, u32 leaf, u32 subleaf, struct cpuid *r);

/* A walk over the leaves of a policy. It begins with all members 0 but the first two. */
struct policy_walk {
    enum policy_kind kind;
    const struct policy *policy; /* hides features; NULL: none are hidden */
    bool begun;
    u32 leaf, subleaf; /* the present leaf */
};

/* Stores the next leaf of the walk in *leaf. False: there is none. A list has the leaves that
 * toolstacks expect, zeroes included, in ascending order. */
bool policy_next(struct policy_walk *walk, xen_cpuid_leaf_t *leaf);

/* Writes MSR `number`, below POLICY_MSRS, of the list of MSRs. */
void policy_msr(u32 number, xen_msr_entry_t *entry);

/* Change *policy so that a domain is shown no feature that a toolstack's leaf lacks; a feature that
 * guests are not shown stays hidden, other contents of leaves are not the toolstack's to change.
 * Results: 0; -XEN_ERANGE: there is no such leaf or MSR in lists; -XEN_EINVAL: the leaf promises
 * more leaves than guests have, or the MSR has another value than in lists. */
s64 policy_take_leaf(struct policy *policy, const xen_cpuid_leaf_t *leaf);
s64 policy_take_msr(const xen_msr_entry_t *entry);

#endif
