/* SPDX-License-Identifier: MIT */
/* Software walks of a guest's tables. The result may be out of date when the caller uses it: the
 * caller takes references and checks again. */
#ifndef VMMU_WALK_H
#define VMMU_WALK_H

#include "vmmu/vmmu.h"

/* Says whether `va` is canonical and lies in the slots of an L4 table that are the guest's. */
bool walk_address_is_guests(vaddr_t va);

/* Returns the index of the entry for `va` in a table of this level. */
static inline u32 walk_index(vaddr_t va, u32 level)
{
    return (u32)(va.a >> (PAGE_SHIFT + 9 * (level - 1))) & 511u;
}

/* Walks from `root` to the L1 table for `va`. Returns that table if it is a live one of domain
 * `id`, or MFN_NONE. Takes no reference: the caller takes one and checks again. */
mfn_t walk_to_l1_table(mfn_t root, u16 id, vaddr_t va);

/* Returns the L1 entry for `va` in the vCPU's kernel root, or 0 if no live L1 table of its domain
 * maps it. */
u64 walk_to_entry(const struct vmmu_vcpu *vcpu, vaddr_t va);

#endif
