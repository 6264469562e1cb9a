/* SPDX-License-Identifier: MIT */
/* One page-table entry of any level: what it may hold, and what it holds on to.
 *
 * A present entry has a reference on its target. Besides, at level 1, a writable one has a writable
 * type reference; above, every one has a type reference for a table one level down. */
#ifndef VMMU_ENTRY_H
#define VMMU_ENTRY_H

#include "vmmu/frame.h"

#define ENTRY_PRESENT  (1ull << 0)
#define ENTRY_WRITABLE (1ull << 1)
#define ENTRY_USER     (1ull << 2)
#define ENTRY_PWT      (1ull << 3)
#define ENTRY_PCD      (1ull << 4)
#define ENTRY_ACCESSED (1ull << 5)
#define ENTRY_DIRTY    (1ull << 6)
#define ENTRY_PSE      (1ull << 7) /* PAT at level 1 */
#define ENTRY_GLOBAL   (1ull << 8)
#define ENTRY_AVL      (7ull << 9)
#define ENTRY_ADDRESS  0x000ffffffffff000ull
#define ENTRY_AVL_HIGH (0x7full << 52)
#define ENTRY_KEY      (0xfull << 59)
#define ENTRY_NX       (1ull << 63)

/* Bits that change neither the translation nor a count: an entry that differs from a checked one in
 * these alone is as good as checked. The writable bit is not among them. */
#define ENTRY_FREE                                                                                 \
    (ENTRY_USER | ENTRY_ACCESSED | ENTRY_DIRTY | ENTRY_AVL | ENTRY_AVL_HIGH | ENTRY_KEY | ENTRY_NX)

static inline mfn_t entry_frame(u64 entry)
{
    return mfn((entry & ENTRY_ADDRESS) >> PAGE_SHIFT);
}

/* The entry as it stands in a live table for what the guest wrote: all of a guest runs in ring 3,
 * and nothing of it is global. */
static inline u64 entry_installed(u64 entry)
{
    return entry & ENTRY_PRESENT ? (entry | ENTRY_USER) & ~ENTRY_GLOBAL : entry;
}

/* Both present, and different in free bits only. `new` is as installed. */
static inline bool entry_same_use(u64 old, u64 new)
{
    return ((old ^ new) & ~ENTRY_FREE) == 0 && (old & ENTRY_PRESENT);
}

/* True if slot `index` of a table of this level is the guest's. The one definition of that. */
static inline bool entry_slot_is_guests(u32 level, u32 index)
{
    return level != 4 || index < VMMU_GUEST_HOLE_FIRST || index > VMMU_GUEST_HOLE_LAST;
}

/* The entries of table `m`, which the CPU's own walks may change at any time. */
_Atomic u64 *entry_table(mfn_t m);

/* May this stand in a table of this level, whatever it points at? VMMU_DONE or a rule. */
enum vmmu_result entry_check(u32 level, u64 entry);

/* Whose table it is, and whose frames it may map. */
struct entry_owners {
    u16 table;
    u16 frame;
};

/* Takes what the present, checked entry holds on to. `held`: the reference on the target is taken
 * already (from an interrupted try). If the result is not VMMU_DONE, *held tells if the reference
 * is still there: the target may be partial, and the caller has to remember it or drop the
 * reference. *word: what was refused. */
enum vmmu_result entry_get(u32 level, u64 entry, struct entry_owners owners, bool *held, u64 *word);

/* Drops what the present entry held on to; it stands in no table that a CPU reaches since clock
 * value `since`. VMMU_AGAIN: the reference on the target is kept, for the caller to drop after
 * type_finish of it. Never at level 1. */
enum vmmu_result entry_put(u32 level, u64 entry, u16 table_owner, u64 since);

#endif
