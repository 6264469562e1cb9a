/* SPDX-License-Identifier: MIT */
/* The type count: a frame is used as one thing at a time, and each use is counted.
 *
 * A type reference goes with a reference: who has the first has the second. Whatever a frame
 * becomes is made safe and checked between the moment when the count turns 1 and the moment when
 * `validated` opens it to others. */
#ifndef VMMU_TYPE_H
#define VMMU_TYPE_H

#include "vmmu/frame.h"
#include "vmmu/port.h"

/* type_get where the fast path does not do. */
enum vmmu_result type_get_slow(mfn_t m, enum vmmu_type type, u64 *word);

/* type_put where the fast path does not do. */
enum vmmu_result type_put_slow(mfn_t m);

/* One type reference on `m`, if it is in this use already. */
ALWAYS_INLINE bool type_get_fast(mfn_t m, enum vmmu_type type)
{
    _Atomic u64 *use = frame_type_word_at(m);
    u64 old = word_read(use);
    while (use_is_valid(old, type) && frame_count(old) < FRAME_COUNT_MAX) {
        if (word_swap(use, &old, old + 1, memory_order_acquire)) {
            return true;
        }
    }
    return false;
}

/* One type reference on `m`, on which the caller has a reference. A table is promoted, with all
 * that hangs under it. VMMU_AGAIN: interrupted; a partial frame keeps what was done, and the next
 * type_get of the same type goes on with it. VMMU_REFUSED_WRONG_TYPE,
 * VMMU_REFUSED_TOO_MANY_REFERENCES: of this frame. Any rule of entries and descriptors: its
 * content; *word is then the culprit. After those `m` may be partial, half unwound: whoever drops
 * the reference sees to it (type_finish). */
static inline enum vmmu_result type_get(mfn_t m, enum vmmu_type type, u64 *word)
{
    return type_get_fast(m, type) ? VMMU_DONE : type_get_slow(m, type, word);
}

/* One type reference for a writable entry, if that takes neither a flush nor waiting. False:
 * nothing has happened, and type_get_writable knows more. */
ALWAYS_INLINE bool type_get_writable_fast(mfn_t m)
{
    _Atomic u64 *use = frame_type_word_at(m);
    const u64 validated = use_of(VMMU_TYPE_WRITABLE) | USE_VALIDATED;
    u64 old = word_read(use);
    u64 next;
    do {
        if (use_is_valid(old, VMMU_TYPE_WRITABLE) && frame_count(old) < FRAME_COUNT_MAX) {
            next = old + 1;
        } else if (use_was(old, VMMU_TYPE_NONE) || use_was(old, VMMU_TYPE_WRITABLE)) {
            next = validated | 1;
        } else {
            return false;
        }
    } while (!word_swap(use, &old, next, memory_order_acquire));
    return true;
}

/* type_get_writable where that does not do. */
enum vmmu_result type_get_writable_slow(mfn_t m);

/* One type reference for a writable entry: VMMU_TYPE_WRITABLE, or VMMU_TYPE_SHARED where the guest
 * may write. Refuses VMMU_REFUSED_READ_ONLY_PAGE besides. */
ALWAYS_INLINE enum vmmu_result type_get_writable(mfn_t m)
{
    return type_get_writable_fast(m) ? VMMU_DONE : type_get_writable_slow(m);
}

/* Drops one type reference. VMMU_AGAIN: it was the last of a table, whose demotion was interrupted.
 * The reference is dropped all the same; `m` is partial, and somebody has to remember that
 * (type_finish). Only tables of level 2 and up do so. */
ALWAYS_INLINE enum vmmu_result type_put(mfn_t m)
{
    _Atomic u64 *use = frame_type_word_at(m);
    u64 old = word_read(use);
    while (frame_count(old) > 1) {
        if (word_swap(use, &old, old - 1, memory_order_release)) {
            return VMMU_DONE;
        }
    }
    return type_put_slow(m);
}

/* Demotes `m` to the end if it is partial; otherwise somebody else went on with it, and nothing
 * happens. The caller has a reference, or `m` belongs to a domain being torn down. VMMU_DONE or
 * VMMU_AGAIN. */
enum vmmu_result type_finish(mfn_t m);

/* type_lock where somebody else is at it. */
bool type_lock_slow(mfn_t m, enum vmmu_type type);

/* Locks the entries of `m` if it is a live table of this type: until type_unlock it stays one, and
 * nobody else changes an entry. No other frame may be locked, and no type reference on `m` dropped,
 * meanwhile. */
ALWAYS_INLINE bool type_lock(mfn_t m, enum vmmu_type type)
{
    _Atomic u64 *use = frame_type_word_at(m);
    u64 old = word_read(use);
    if (use_is_valid(old, type) && !(old & USE_LOCKED) &&
        word_swap(use, &old, old | USE_LOCKED, memory_order_acquire)) {
        return true;
    }
    return use_is_valid(old, type) && type_lock_slow(m, type);
}

static inline void type_unlock(mfn_t m)
{
    atomic_fetch_and_explicit(&frame_of(m)->type, ~USE_LOCKED, memory_order_release);
}

#endif
