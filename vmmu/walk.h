/* SPDX-License-Identifier: MIT */
/* Walks of a guest's tables in software. What one finds may be old news by the time it is used: the
 * user takes references and checks again. */
#ifndef VMMU_WALK_H
#define VMMU_WALK_H

#include "vmmu/vmmu.h"

/* True for an address that a guest's own slots can map. */
bool walk_address_is_guests(vaddr_t va);

/* Which entry of a table of this level is for `va`. */
static inline u32 walk_index(vaddr_t va, u32 level)
{
    return (u32)(va.a >> (PAGE_SHIFT + 9 * (level - 1))) & 511u;
}

/* Walks from `root` to the L1 table for `va`. Returns that table if it is a live one of domain
 * `id`, or MFN_NONE. Takes no reference: the caller takes one and checks again. */
mfn_t walk_to_l1_table(mfn_t root, u16 id, vaddr_t va);

/* The L1 entry for `va` (0: none) in the vCPU's kernel root. */
u64 walk_to_entry(const struct vmmu_vcpu *vcpu, vaddr_t va);

#endif
