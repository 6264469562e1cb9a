/* SPDX-License-Identifier: MIT */
/* Software walks of a guest's tables. The result may be out of date when the caller uses it: the
 * caller takes references and checks again. */
#ifndef VMMU_WALK_H
#define VMMU_WALK_H

#include "vmmu/vmmu.h"

/* Says whether `va` is canonical and the slot for it in an L4 table is the guest's. */
bool walk_address_is_guests(vaddr_t va);

/* Returns the index of the entry for `va` in a table of this level. */
static inline u32 walk_index(vaddr_t va, u32 level)
{
    return (u32)(va.a >> (PAGE_SHIFT + 9 * (level - 1))) & 511u;
}

/* Walks from `root`, the root of a vCPU that the caller runs, or MFN_NONE, to the L1 table for
 * `va`, for which walk_address_is_guests is true. Returns that table if it is a live one of domain
 * `id`, otherwise MFN_NONE. Takes no reference: the caller takes one and checks again. */
mfn_t walk_to_l1_table(mfn_t root, u16 id, vaddr_t va);

/* Returns the L1 entry, present or not, for `va` in the vCPU's kernel root; 0 if `va` is not a
 * guest's address or no live L1 table of the vCPU's domain is there. */
u64 walk_to_entry(const struct vmmu_vcpu *vcpu, vaddr_t va);

#endif
