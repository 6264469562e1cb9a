/* SPDX-License-Identifier: MIT */
/* The walk of the quick writes, which leaves out what they do not need. */
#ifndef VMMU_WALK_INLINE_H
#define VMMU_WALK_INLINE_H

#include "vmmu/entry.h"
#include "vmmu/walk.h"

/* Returns the entry for `va` in table `m`, which is RAM. */
ALWAYS_INLINE u64 walk_entry(mfn_t m, vaddr_t va, u32 level)
{
    return word_read(&frame_words(m)[walk_index(va, level)]);
}

/* Finds the L1 table for `va` from `root`, a vCPU's kernel root, as walk_to_l1_table does. If the
 * guest changes the upper tables meanwhile, the result may be wrong, and be any frame that has an
 * owner: the caller locks it as a live L1 table of the domain, so that a write goes to another such
 * table, which harms only that guest, or is left to the slow path. MFN_NONE: there is no table, or
 * `va` is not in the upper half of the addresses, or not the guest's. */
ALWAYS_INLINE mfn_t walk_quick_to_l1_table(mfn_t root, vaddr_t va)
{
    const u64 high = ~0ull << (PAGE_SHIFT + 3 * 9) << 8; /* the upper half of the addresses */

    if (va.a < high + ((u64)(VMMU_GUEST_HOLE_LAST + 1 - 256) << (PAGE_SHIFT + 3 * 9))) {
        return MFN_NONE;
    }
    /* A present entry of a live L4 table names RAM, and RAM stays RAM. What is read there may be no
     * table any more, so that each number from there on is checked. */
    const u64 entry4 = walk_entry(root, va, 4);
    if (!(entry4 & PTE_PRESENT)) {
        return MFN_NONE;
    }
    const u64 entry3 = walk_entry(entry_frame(entry4), va, 3);
    const mfn_t l2 = entry_frame(entry3);
    if (!(entry3 & PTE_PRESENT) || !frame_exists(l2) || !(frame_references(l2) & REF_OWNED)) {
        return MFN_NONE;
    }
    const u64 entry2 = walk_entry(l2, va, 2);
    const mfn_t l1 = entry_frame(entry2);
    if (!(entry2 & PTE_PRESENT) || !frame_exists(l1) || !(frame_references(l1) & REF_OWNED)) {
        return MFN_NONE;
    }
    return l1;
}

#endif
