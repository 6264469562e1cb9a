/* SPDX-License-Identifier: MIT */
/* One page-table entry of any level: what it may hold, and what it holds on to.
 *
 * A present entry has a reference on its target. Besides, at level 1, a writable one has a writable
 * type reference; above, every one has a type reference for a table one level down. */
#ifndef VMMU_ENTRY_H
#define VMMU_ENTRY_H

#include "lib/x86/pte.h"
#include "vmmu/ref.h"
#include "vmmu/type.h"

/* Bits that change neither the translation nor a count: an entry that differs from a checked one in
 * these alone is as good as checked. The writable bit is not among them. */
#define ENTRY_FREE                                                                                 \
    (PTE_USER | PTE_ACCESSED | PTE_DIRTY | PTE_AVAILABLE | PTE_AVAILABLE_HIGH | PTE_KEY | PTE_NX)

static inline mfn_t entry_frame(u64 entry)
{
    return mfn((entry & PTE_ADDRESS) >> PAGE_SHIFT);
}

/* The entry as it stands in a live table for what the guest wrote: all of a guest runs in ring 3,
 * and nothing of it is global. (Above level 1 the global bit is refused, not taken off.) */
static inline u64 entry_installed(u32 level, u64 entry)
{
    const u64 off = level == 1 ? PTE_GLOBAL : 0;
    return entry & PTE_PRESENT ? (entry | PTE_USER) & ~off : entry;
}

/* `next`, as installed, needs nothing that the live entry `old` does not hold: the same but for
 * free bits, or (level 1) for a right to write that is given up. */
static inline bool entry_inherits(u32 level, u64 old, u64 next)
{
    const u64 differ = (old ^ next) & ~ENTRY_FREE;
    return (old & PTE_PRESENT) && (differ == 0 || (level == 1 && differ == (old & PTE_WRITABLE)));
}

/* True if slot `index` of a table of this level is the guest's. The one definition of that. */
static inline bool entry_slot_is_guests(u32 level, u32 index)
{
    return level != 4 || index < VMMU_GUEST_HOLE_FIRST || index > VMMU_GUEST_HOLE_LAST;
}

/* What a guest may set in a present entry. Not among them: superpages (their other 511 frames would
 * go uncounted) and cache attributes (what a guest wrote past the cache, a check through it would
 * miss). */
#define ENTRY_SETTABLE (PTE_PRESENT | PTE_WRITABLE | PTE_GLOBAL | ENTRY_FREE | PTE_ADDRESS)

/* Present, of settable bits alone, and for a frame that there is: nothing can be said against it
 * before its target is looked at. */
ALWAYS_INLINE bool entry_is_plain(u32 level, u64 entry)
{
    const u64 odd = ~ENTRY_SETTABLE | (level > 1 ? PTE_GLOBAL : 0);
    return (entry & (PTE_PRESENT | odd)) == PTE_PRESENT && frame_exists(entry_frame(entry));
}

/* entry_check of one that is not plain: VMMU_DONE only if it is not present. */
enum vmmu_result entry_check_slow(u32 level, u64 entry);

/* May this stand in a table of this level, whatever it points at? VMMU_DONE or a rule. */
static inline enum vmmu_result entry_check(u32 level, u64 entry)
{
    return entry_is_plain(level, entry) ? VMMU_DONE : entry_check_slow(level, entry);
}

/* Whose table it is, and whose frames it may map. */
struct entry_owners {
    u16 table;
    u16 frame;
};

/* entry_get at level 1: all or nothing. */
enum vmmu_result entry_refusal_of_page(enum vmmu_result result);

ALWAYS_INLINE enum vmmu_result entry_get_page(u64 entry, u16 frame_owner)
{
    const mfn_t target = entry_frame(entry);
    enum vmmu_result result = ref_get(target, frame_owner);
    if (result == VMMU_DONE) {
        if (!(entry & PTE_WRITABLE)) {
            return VMMU_DONE;
        }
        result = type_get_writable(target);
        if (result == VMMU_DONE) {
            return VMMU_DONE;
        }
        ref_put(target);
    }
    return entry_refusal_of_page(result);
}

/* The type reference of an entry above level 1, whose target the caller has a reference on, where
 * the fast path does not do. *word is `entry` before. */
enum vmmu_result entry_get_table(u32 level, u64 entry, u64 *word);

/* Takes what the present, checked entry holds on to. `held`: the reference on the target is taken
 * already (from an interrupted try). If the result is not VMMU_DONE, *held tells if the reference
 * is still there: the target may be partial, and the caller has to remember it or drop the
 * reference. Never at level 1. *word: what was refused. */
ALWAYS_INLINE enum vmmu_result entry_get(u32 level, u64 entry, struct entry_owners owners,
                                         bool *held, u64 *word)
{
    const mfn_t target = entry_frame(entry);
    enum vmmu_result result = VMMU_DONE;
    if (level == 1) {
        result = entry_get_page(entry, owners.frame);
        if (result != VMMU_DONE) {
            *word = entry;
        }
        return result;
    }
    if (!*held) {
        result = owners.frame == owners.table ? ref_get(target, owners.frame)
                                              : VMMU_REFUSED_FOREIGN_TABLE;
        *held = result == VMMU_DONE;
    }
    if (result == VMMU_DONE && type_get_fast(target, (enum vmmu_type)(level - 1))) {
        return VMMU_DONE;
    }
    *word = entry;
    return result == VMMU_DONE ? entry_get_table(level, entry, word) : result;
}

/* Domain `table_owner` had a translation to `target`, a frame of another, until `since`: its CPUs
 * flush it, for the target's own stamps speak of its owner's CPUs. */
void entry_flush_foreign(u16 table_owner, u64 since);

/* Drops what the present entry held on to; it stands in no table that a CPU reaches since clock
 * value `since`. VMMU_AGAIN: the reference on the target is kept, for the caller to drop after
 * type_finish of it. Never at level 1. */
ALWAYS_INLINE enum vmmu_result entry_put(u32 level, u64 entry, u16 table_owner, u64 since)
{
    const mfn_t target = entry_frame(entry);
    if (level > 1) {
        const enum vmmu_result result = type_put(target);
        if (result != VMMU_DONE) {
            return result;
        }
    } else {
        const u64 references = frame_references(target);
        if (ref_owner(references) != table_owner) {
            entry_flush_foreign(table_owner, since);
        }
        if (entry & PTE_WRITABLE) {
            type_put(target);
        }
    }
    ref_put(target);
    return VMMU_DONE;
}

void entry_put_right_slow(u64 old, u16 table_owner);

/* At level 1, where `next` has inherited from `old` and stands in its place: drops the right to
 * write that is given up, and the reference on the target that the caller took for that. */
static inline void entry_put_right(u64 old, u64 next, u16 table_owner)
{
    if (old & ~next & PTE_WRITABLE) {
        entry_put_right_slow(old, table_owner);
    }
}

#endif
