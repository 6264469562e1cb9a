/* SPDX-License-Identifier: MIT */
/* Software walks of a guest's tables. */
#include "vmmu/walk.h"

#include "vmmu/entry.h"

/* Says whether `m` exists and has an owner, which may be out of date at once. A frame with an owner
 * is RAM, and stays RAM when it gets another owner; a device frame, to which an L1 entry or a word
 * of a former table may point, has none. */
static bool is_owned(mfn_t m)
{
    return frame_exists(m) && (frame_references(m) & REF_OWNED);
}

/* Says whether `m` exists and is a live table of this level and of domain `id`. The answer may be
 * out of date at once. */
static bool is_live_table(mfn_t m, u16 id, u32 level)
{
    return frame_exists(m) && ref_is_owned_by(frame_references(m), id) &&
           use_is_valid(frame_type_word_acquire(m), (enum vmmu_type)level);
}

bool walk_address_is_guests(vaddr_t va)
{
    const u64 top = va.a >> 47;
    return (top == 0 || top == 0x1ffff) && entry_slot_is_guests(4, walk_index(va, 4));
}

/* Reads the entry for `va` in `m`, which is RAM, as a table of level `at`. Returns the frame number
 * in the entry, or MFN_NONE if the entry is not present. `m` may have ceased to be a table, so the
 * word that is read may be no entry, and the frame number may be any. */
ALWAYS_INLINE mfn_t step(mfn_t m, vaddr_t va, u32 at)
{
    const u64 entry = word_read(&frame_words(m)[walk_index(va, at)]);
    return entry & PTE_PRESENT ? entry_frame(entry) : MFN_NONE;
}

mfn_t walk_to_l1_table(mfn_t root, u16 id, vaddr_t va)
{
    if (mfn_is_none(root)) {
        return MFN_NONE;
    }
    /* A present entry of a live L4 table names RAM, and RAM stays RAM. */
    const mfn_t l3 = step(root, va, 4);
    if (mfn_is_none(l3)) {
        return MFN_NONE;
    }
    const mfn_t l2 = step(l3, va, 3);
    if (!is_owned(l2)) {
        return MFN_NONE;
    }
    const mfn_t l1 = step(l2, va, 2);
    return is_live_table(l1, id, 1) ? l1 : MFN_NONE;
}

u64 walk_to_entry(const struct vmmu_vcpu *vcpu, vaddr_t va)
{
    if (!walk_address_is_guests(va)) {
        return 0;
    }
    const mfn_t table = walk_to_l1_table(vcpu->kernel_root, vcpu->domain->id, va);
    return mfn_is_none(table) ? 0 : word_read(&frame_words(table)[walk_index(va, 1)]);
}

void vmmu_walk(mfn_t root, vaddr_t va, struct vmmu_walk *walk)
{
    *walk = (struct vmmu_walk){.depth = 5};
    mfn_t m = root;
    for (u32 level = 4; level >= 1 && is_owned(m); level--) {
        const u32 index = walk_index(va, level);
        const u64 entry = word_read(&frame_words(m)[index]);
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
