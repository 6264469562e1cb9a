/* SPDX-License-Identifier: MIT */
/* One page-table entry of any level: the check of its bits, and its hold on its target. */
#include "vmmu/entry.h"

#include "vmmu/flush.h"
#include "vmmu/owner.h"
#include "vmmu/port.h"
#include "vmmu/ref.h"
#include "vmmu/type.h"

/* What a guest may set in a present entry. Not among them: superpages (their other 511 frames would go
 * uncounted) and cache attributes (what a guest wrote past the cache, a check through it would miss). */
#define ENTRY_SETTABLE                                                                             \
    (ENTRY_PRESENT | ENTRY_WRITABLE | ENTRY_GLOBAL | ENTRY_FREE | ENTRY_ADDRESS)

/* As what an entry of each level needs its target; of level 1: only if it is writable. */
static const enum vmmu_type target_type[5] = {
    [1] = TYPE_WRITABLE,
    [2] = TYPE_L1,
    [3] = TYPE_L2,
    [4] = TYPE_L3,
};

_Atomic u64 *entry_table(mfn_t m)
{
    return port_frame_view(m);
}

/* The processor may read memory ahead through an entry that is not present. */
static enum vmmu_result check_not_present(u32 level, u64 entry)
{
    if (!vmmu_state.l1tf || entry == 0) {
        return VMMU_DONE;
    }
    const bool names_memory = (entry & ENTRY_ADDRESS) && frame_exists(entry_frame(entry));
    const bool large = level > 1 && (entry & ENTRY_PSE);
    return names_memory || large ? REFUSED_UNSAFE_NOT_PRESENT : VMMU_DONE;
}

enum vmmu_result entry_check(u32 level, u64 entry)
{
    if (!(entry & ENTRY_PRESENT)) {
        return check_not_present(level, entry);
    }
    const u64 bad = entry & ~ENTRY_SETTABLE;
    if (bad) {
        return level > 1 && (bad & ENTRY_PSE) ? REFUSED_SUPERPAGE : REFUSED_CACHE_BITS;
    }
    return frame_exists(entry_frame(entry)) ? VMMU_DONE : REFUSED_BAD_FRAME;
}

/* The rule that names why the target's type did not do. */
static enum vmmu_result wrong_type(u32 level, mfn_t target)
{
    const u64 use = atomic_load_explicit(&frame_of(target)->type, memory_order_relaxed);
    if (level == 1) {
        return REFUSED_WRITABLE_TABLE;
    }
    return use_type(use) == (enum vmmu_type)level && frame_count(use) ? REFUSED_LINEAR_ENTRY
                                                                      : REFUSED_WRONG_TYPE;
}

enum vmmu_result entry_get(u32 level, u64 entry, struct entry_owners owners, bool *held, u64 *word)
{
    const mfn_t target = entry_frame(entry);
    enum vmmu_result result;

    *word = entry;
    if (!*held) {
        if (level > 1 && owners.frame != owners.table) {
            return REFUSED_FOREIGN_TABLE;
        }
        result = ref_get(target, owners.frame);
        if (result != VMMU_DONE) {
            return level == 1 && result == REFUSED_NOT_OWNER ? REFUSED_FOREIGN_MAPPING : result;
        }
        *held = true;
    }
    if (level > 1) {
        result = type_get(target, target_type[level], word);
    } else if (entry & ENTRY_WRITABLE) {
        result = type_get_writable(target, word);
    } else {
        return VMMU_DONE;
    }
    if (result == REFUSED_WRONG_TYPE && *word == entry) {
        result = wrong_type(level, target);
    }
    return result;
}

enum vmmu_result entry_put(u32 level, u64 entry, u16 table_owner, u64 since)
{
    const mfn_t target = entry_frame(entry);
    if (level > 1) {
        const enum vmmu_result result = type_put(target);
        if (result != VMMU_DONE) {
            return result;
        }
    } else {
        const u64 references =
            atomic_load_explicit(&frame_of(target)->references, memory_order_relaxed);
        if (ref_owner(references) != table_owner) {
            /* The target's own stamps speak of its owner's CPUs; here others had translations. */
            flush_since(port_domain(table_owner), since);
        }
        if (entry & ENTRY_WRITABLE) {
            type_put(target);
        }
    }
    ref_put(target);
    return VMMU_DONE;
}
