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
    u16 owner;        /* of the table, and of every frame that is shown */
    u64 keep;         /* bits of the old entry that stay */
    bool conditional; /* only if the old entry has these bits, which alone are written */
    u64 mask, expected;
    bool checked; /* out: the entry was one to be checked */
    u64 left; /* out: an entry whose hold is to be dropped once the table is unlocked; 0: none */
};

/* What `next` needs. False: *left tells what it has taken all the same. */
static inline bool replace_take(u64 next, u16 owner, u64 *left)
{
    const mfn_t target = entry_frame(next);
    const bool plain = (next & (ENTRY_PRESENT | ~ENTRY_SETTABLE)) == ENTRY_PRESENT;

    if (!plain || !frame_exists(target) || ref_get(target, owner) != VMMU_DONE) {
        return false;
    }
    if ((next & ENTRY_WRITABLE) && !type_get_writable_at_once(target)) {
        *left = next & ~ENTRY_WRITABLE;
        return false;
    }
    return true;
}

/* What `old`, which shows a frame of its table's owner, held on to. Returns what is left of it: the
 * last reference, whose drop may have to wait for a flush. */
static inline u64 replace_drop(u64 old)
{
    const mfn_t target = entry_frame(old);
    if (old & ENTRY_WRITABLE) {
        type_put(target); /* of a page: it is done at once */
    }
    return ref_put_at_once(target) ? 0 : old & ~ENTRY_WRITABLE;
}

static inline bool replace_word(const struct replacement *r, _Atomic u64 *slot, u64 old, u64 next)
{
    /* Under the lock only the processor writes here besides: accessed and dirty bits. */
    while (!atomic_compare_exchange_strong_explicit(slot, &old, next | (old & r->keep),
                                                    memory_order_seq_cst, memory_order_relaxed)) {
        if (r->conditional) {
            return false;
        }
    }
    return true;
}

/* Replaces the entry in `slot` of a table of this level by `entry`. False: it is as it was. */
static inline __attribute__((always_inline)) bool replace_at_once(struct replacement *r, u32 level,
                                                                  _Atomic u64 *slot, u64 entry)
{
    const u64 old = atomic_load_explicit(slot, memory_order_relaxed);
    const u64 next = entry_installed(level, r->conditional ? (old & ~r->mask) | entry : entry);
    const u64 differ = (old ^ next) & ~ENTRY_FREE;
    const bool shows = old & ENTRY_PRESENT;
    const mfn_t target = entry_frame(old);

    r->checked = false;
    if (r->conditional && (old & r->mask) != r->expected) {
        return false;
    }
    if (shows && differ == 0) {
        return replace_word(r, slot, old, next);
    }
    /* Frames of others are flushed when their entry goes. */
    if (level > 1 || (shows && !ref_is_owned_by(atomic_load_explicit(&frame_of(target)->references,
                                                                     memory_order_relaxed),
                                                r->owner))) {
        return false;
    }
    if (shows && differ == ENTRY_WRITABLE) {
        const bool gains = next & ENTRY_WRITABLE;
        if (gains && !type_get_writable_at_once(target)) {
            return false;
        }
        const bool done = replace_word(r, slot, old, next);
        if (done != gains) {
            type_put(target); /* the old right, or the new one that nothing came of */
        }
        r->checked = gains;
        return done;
    }
    r->checked = true;
    if (next && !replace_take(next, r->owner, &r->left)) {
        return false;
    }
    if (!replace_word(r, slot, old, next)) {
        r->left = next ? replace_drop(next) : 0;
        return false;
    }
    r->left = shows ? replace_drop(old) : 0;
    return true;
}

#endif
