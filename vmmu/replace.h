/* SPDX-License-Identifier: MIT */
/* One entry of a locked live table replaced, where nobody has to be waited for.
 *
 * Nearly every change is of this kind: free bits above level 1, anything at level 1 that needs no
 * flush and frees no frame. All of it may happen under the table's lock, many entries in a row,
 * because nothing in it waits: who holds the lock neither flushes nor promotes nor demotes. */
#ifndef VMMU_REPLACE_H
#define VMMU_REPLACE_H

#include "vmmu/entry.h"

struct replacement {
    u64 keep;         /* bits of the old entry that stay */
    u16 owner;        /* of the table, and of every frame that is shown */
    bool conditional; /* only if the processor does not write to the entry meanwhile */
};

enum replaced {
    REPLACED_NOT, /* the entry is as it was */
    REPLACED,
    REPLACED_CHECKED, /* and the new entry was one to be checked */
};

/* Under the lock only the processor writes to an entry besides: accessed and dirty bits. False: it
 * did so to a conditional change. */
static inline bool replace_word(struct replacement r, _Atomic u64 *slot, u64 old, u64 next)
{
    while (!atomic_compare_exchange_strong_explicit(slot, &old, next | (old & r.keep),
                                                    memory_order_seq_cst, memory_order_relaxed)) {
        if (r.conditional) {
            return false;
        }
    }
    return true;
}

/* What `next` needs. False: *left is what it has taken all the same. */
static inline bool replace_take(u64 next, u16 owner, u64 *left)
{
    const mfn_t target = entry_frame(next);

    if (!entry_is_plain(1, next) || ref_get(target, owner) != VMMU_DONE) {
        return false;
    }
    if ((next & PTE_WRITABLE) && !type_get_writable_at_once(target)) {
        *left = next & ~PTE_WRITABLE;
        return false;
    }
    return true;
}

/* What `old`, which shows a frame of its table's owner, held on to; *left is what remains of it:
 * the last reference, whose drop may have to wait for a flush. */
FOR_EACH_ENTRY void replace_drop(u64 old, u64 *left)
{
    const mfn_t target = entry_frame(old);
    if (old & PTE_WRITABLE) {
        type_put(target); /* of a page: that is done at once */
    }
    if (!ref_put_at_once(target)) {
        *left = old & ~PTE_WRITABLE;
    }
}

/* `next` in place of `old`, of level 1, which shows another frame or none. *left: an entry whose
 * hold is to be dropped once the table is unlocked; unchanged: none. */
FOR_EACH_ENTRY enum replaced replace_frame(struct replacement r, _Atomic u64 *slot, u64 old,
                                           u64 next, u64 *left)
{
    /* A frame of somebody else's is flushed when its entry goes. */
    if ((old & PTE_PRESENT) &&
        !ref_is_owned_by(
            atomic_load_explicit(&frame_of(entry_frame(old))->references, memory_order_relaxed),
            r.owner)) {
        return REPLACED_NOT;
    }
    if (next && !replace_take(next, r.owner, left)) {
        return REPLACED_NOT;
    }
    if (!replace_word(r, slot, old, next)) {
        if (next) {
            replace_drop(next, left);
        }
        return REPLACED_NOT;
    }
    if (old & PTE_PRESENT) {
        replace_drop(old, left);
    }
    return REPLACED_CHECKED;
}

/* `next` in place of `old`, of level 1, which shows the same frame with another right to write. */
FOR_EACH_ENTRY enum replaced replace_right(struct replacement r, _Atomic u64 *slot, u64 old,
                                           u64 next)
{
    const mfn_t target = entry_frame(old);
    const bool gains = next & PTE_WRITABLE;

    if (!ref_is_owned_by(atomic_load_explicit(&frame_of(target)->references, memory_order_relaxed),
                         r.owner) ||
        (gains && !type_get_writable_at_once(target))) {
        return REPLACED_NOT;
    }
    const bool done = replace_word(r, slot, old, next);
    if (done != gains) {
        type_put(target); /* the old right, or the new one that nothing came of */
    }
    return !done ? REPLACED_NOT : gains ? REPLACED_CHECKED : REPLACED;
}

/* `next`, as installed, in place of `old`, which the caller read in `slot` of a table of this level
 * under its lock. *left as above. */
FOR_EACH_ENTRY enum replaced replace_at_once(struct replacement r, u32 level, _Atomic u64 *slot,
                                             u64 old, u64 next, u64 *left)
{
    const u64 differ = (old ^ next) & ~ENTRY_FREE;

    if ((old & PTE_PRESENT) && differ == 0) {
        return replace_word(r, slot, old, next) ? REPLACED : REPLACED_NOT;
    }
    if (level > 1) {
        return REPLACED_NOT;
    }
    if ((old & PTE_PRESENT) && differ == PTE_WRITABLE) {
        return replace_right(r, slot, old, next);
    }
    return replace_frame(r, slot, old, next, left);
}

#endif
