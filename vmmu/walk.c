/* SPDX-License-Identifier: MIT */
/* Walks of a guest's tables in software. */
#include "vmmu/walk.h"

#include "vmmu/entry.h"

/* Only frames with an owner are known to be memory at all. */
static bool is_owned(mfn_t m)
{
    return frame_exists(m) &&
           (atomic_load_explicit(&frame_of(m)->references, memory_order_relaxed) & REF_OWNED);
}

static bool is_live_table(mfn_t m, u16 id, u32 level)
{
    return frame_exists(m) &&
           ref_is_owned_by(atomic_load_explicit(&frame_of(m)->references, memory_order_relaxed),
                           id) &&
           use_is_valid(atomic_load_explicit(&frame_of(m)->type, memory_order_acquire),
                        (enum vmmu_type)level);
}

bool walk_address_is_guests(vaddr_t va)
{
    const u64 top = va.a >> 47;
    return (top == 0 || top == 0x1ffff) && entry_slot_is_guests(4, walk_index(va, 4));
}

mfn_t walk_to_table(mfn_t root, u16 id, vaddr_t va, u32 level)
{
    mfn_t m = root;
    /* What is read on the way down need not be a table any more: it must only be memory. That the
     * end of the way is a table is checked there, and again by whoever uses it. */
#pragma GCC unroll 3
    for (u32 at = 4; at > level; at--) {
        if (!is_owned(m)) {
            return MFN_NONE;
        }
        const u64 entry =
            atomic_load_explicit(&entry_table(m)[walk_index(va, at)], memory_order_relaxed);
        if (!(entry & PTE_PRESENT)) {
            return MFN_NONE;
        }
        m = entry_frame(entry);
    }
    return is_live_table(m, id, level) ? m : MFN_NONE;
}

u64 walk_to_entry(const struct vmmu_vcpu *vcpu, vaddr_t va)
{
    if (!walk_address_is_guests(va)) {
        return 0;
    }
    const mfn_t table = walk_to_table(vcpu->kernel_root, vcpu->domain->id, va, 1);
    return mfn_is_none(table)
               ? 0
               : atomic_load_explicit(&entry_table(table)[walk_index(va, 1)], memory_order_relaxed);
}

void vmmu_walk(mfn_t root, vaddr_t va, struct vmmu_walk *walk)
{
    *walk = (struct vmmu_walk){.depth = 5};
    mfn_t m = root;
    for (u32 level = 4; level >= 1 && is_owned(m); level--) {
        const u32 index = walk_index(va, level);
        const u64 entry = atomic_load_explicit(&entry_table(m)[index], memory_order_relaxed);
        walk->at[level] = maddr(maddr_of(m).a + index * sizeof(u64));
        walk->entry[level] = entry;
        walk->depth = level;
        if (!(entry & PTE_PRESENT) || !entry_slot_is_guests(level, index)) {
            return;
        }
        m = entry_frame(entry);
    }
    walk->present = walk->depth == 1;
}
