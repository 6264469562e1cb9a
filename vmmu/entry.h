/* SPDX-License-Identifier: MIT */
/* One page-table entry of any level: which bits it may have, and which references it holds.
 *
 * A present entry holds a reference on its target. At level 1 a writable entry also holds a
 * writable type reference. Above level 1 each present entry also holds a type reference on its
 * target as a table of the level below. */
#ifndef VMMU_ENTRY_H
#define VMMU_ENTRY_H

#include "lib/x86/pte.h"
#include "vmmu/ref.h"
#include "vmmu/type.h"

/* Free bits: they change neither the translation nor a count, so an entry that differs from a
 * checked one only in them needs no check. The writable bit is not free. */
#define ENTRY_FREE                                                                                 \
    (PTE_USER | PTE_ACCESSED | PTE_DIRTY | PTE_AVAILABLE | PTE_AVAILABLE_HIGH | PTE_KEY | PTE_NX)

/* Returns the frame number in an entry. */
static inline mfn_t entry_frame(u64 entry)
{
    return mfn((entry & PTE_ADDRESS) >> PAGE_SHIFT);
}

/* Returns the entry that a live table holds when a guest wrote `entry`: with the user bit, because
 * all of a guest runs in ring 3, and at level 1 without the global bit. (Above level 1 the global
 * bit is refused, not removed.) */
static inline u64 entry_installed(u32 level, u64 entry)
{
    const u64 off = level == 1 ? PTE_GLOBAL : 0;
    return entry & PTE_PRESENT ? (entry | PTE_USER) & ~off : entry;
}

/* Says whether `next`, in the form of entry_installed, needs no reference that the live entry `old`
 * does not hold: they differ only in free bits, or (level 1) `next` gives up the writable bit. */
static inline bool entry_inherits(u32 level, u64 old, u64 next)
{
    const u64 differ = (old ^ next) & ~ENTRY_FREE;
    return (old & PTE_PRESENT) && (differ == 0 || (level == 1 && differ == (old & PTE_WRITABLE)));
}

/* Says whether slot `index` of a table of this level is the guest's and not the hypervisor's. */
static inline bool entry_slot_is_guests(u32 level, u32 index)
{
    return level != 4 || index < VMMU_GUEST_HOLE_FIRST || index > VMMU_GUEST_HOLE_LAST;
}

/* The bits that a guest may set in a present entry. Not among them are the bit that makes a
 * superpage, of whose 512 frames only one would be counted, and cache attributes, because a write
 * through an uncached mapping might not be seen when the hypervisor reads the frame through its
 * cached one. */
#define ENTRY_SETTABLE (PTE_PRESENT | PTE_WRITABLE | PTE_GLOBAL | ENTRY_FREE | PTE_ADDRESS)

/* Says whether the entry is present, has only settable bits, and maps a frame that exists. Nothing
 * but its target can be a reason to refuse it. */
ALWAYS_INLINE bool entry_is_plain(u32 level, u64 entry)
{
    const u64 odd = ~ENTRY_SETTABLE | (level > 1 ? PTE_GLOBAL : 0);
    return (entry & (PTE_PRESENT | odd)) == PTE_PRESENT && frame_exists(entry_frame(entry));
}

/* The slow path of entry_check, for an entry that is not plain. VMMU_DONE: it is not present, and
 * harmless. */
enum vmmu_result entry_check_slow(u32 level, u64 entry);

/* Checks the bits of an entry for a table of this level, but not its target. Refuses: SUPERPAGE,
 * CACHE_BITS, GLOBAL_TABLE, BAD_FRAME, NO_MEMORY, UNSAFE_NOT_PRESENT. */
static inline enum vmmu_result entry_check(u32 level, u64 entry)
{
    return entry_is_plain(level, entry) ? VMMU_DONE : entry_check_slow(level, entry);
}

/* The owner of a table, and the domain whose frames its entries may map. */
struct entry_owners {
    u16 table;
    u16 frame;
};

/* Returns the refusal of an L1 entry for a refusal `result` of its target: FOREIGN_MAPPING for
 * NOT_OWNER, WRITABLE_TABLE for WRONG_TYPE, others unchanged. */
enum vmmu_result entry_refusal_of_page(enum vmmu_result result);

/* Takes the references that the present, checked L1 entry needs, all or nothing. Refuses:
 * FOREIGN_MAPPING, TOO_MANY_REFERENCES, WRITABLE_TABLE, READ_ONLY_PAGE. */
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

/* Takes the type reference of an entry above level 1, on whose target the caller has a reference.
 * The slow path of entry_get. *word: in, `entry`; out, what was refused. */
enum vmmu_result entry_get_table(u32 level, u64 entry, u64 *word);

/* Takes the references that a present, checked entry holds. Returns what type_get returns, or a
 * refusal of the target; *word is then what was refused. At level 1 it takes all or nothing. Above,
 * *held says whether the reference on the target has been taken: in, by an interrupted earlier
 * call; out, if the result is not VMMU_DONE, still. The target may be partial then, and the caller
 * either keeps the reference to resume or releases it (defer_abandon). */
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

/* Flushes the CPUs of domain `table_owner` that may have a translation to a foreign frame which
 * ended at the epoch `since`. The epochs of that frame are of its owner's clock and say nothing of
 * these CPUs. */
void entry_flush_foreign(u16 table_owner, u64 since);

/* Drops the references that a present entry held in a table. Since the epoch `since` no processor
 * can reach the entry any more. VMMU_AGAIN, only above level 1: the demotion of the target was
 * interrupted; the reference on the target is still there, and the caller drops it after
 * type_finish of the target. */
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

/* The slow path of entry_put_right, where `old` was writable and its successor is not. */
void entry_put_right_slow(u64 old, u16 table_owner);

/* Drops the writable type reference of the L1 entry `old`, if `next`, which has replaced it and
 * inherited its reference (entry_inherits), has no writable bit. In that case it also drops the
 * extra reference that the caller took on the target to keep it for this. */
static inline void entry_put_right(u64 old, u64 next, u16 table_owner)
{
    if (old & ~next & PTE_WRITABLE) {
        entry_put_right_slow(old, table_owner);
    }
}

#endif
