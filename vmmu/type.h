/* SPDX-License-Identifier: MIT */
/* The type count. A frame is used as one type at a time, and each use is a type reference.
 *
 * The fast paths take a frame as its element of the frame table, which their callers compute once:
 * the compiler would read the address of the table again after each atomic operation.
 *
 * A caller takes a reference before it takes a type reference, and drops them in the reverse order.
 * A promotion flushes stale translations of the frame's last use and checks the frame's contents,
 * both after the count has become 1 and before `validated` is set, which opens the frame to other
 * CPUs. */
#ifndef VMMU_TYPE_H
#define VMMU_TYPE_H

#include "vmmu/frame.h"
#include "vmmu/port.h"

/* The slow path of type_get, with the same contract. */
enum vmmu_result type_get_slow(mfn_t m, enum vmmu_type type, u64 *word);

/* The slow path of type_put, with the same contract: drops a type reference that may be the last
 * one. */
enum vmmu_result type_put_slow(mfn_t m);

/* The fast path of type_get: takes a type reference if the frame is validated as this type and has
 * fewer than FRAME_COUNT_MAX type references. False: that is not so, and nothing has happened. */
ALWAYS_INLINE bool type_get_fast(struct vmmu_frame *frame, enum vmmu_type type)
{
    _Atomic u64 *use = &frame->type;
    u64 old = word_read(use);
    while (use_is_valid(old, type) && frame_count(old) < FRAME_COUNT_MAX) {
        if (word_swap(use, &old, old + 1, memory_order_acquire)) {
            return true;
        }
    }
    return false;
}

/* Takes a type reference on `m`, on which the caller has a reference. If it is the first, the frame
 * is promoted, with all tables below it. VMMU_AGAIN: call it again; either the promotion was
 * interrupted, which leaves a table above level 1 partial for the next type_get of the same type to
 * resume; or the demotion of a partial frame of another type was interrupted; or another CPU is
 * changing the frame's type word. Refuses: WRONG_TYPE, TOO_MANY_REFERENCES, and the rules of
 * entries and descriptors that the contents break; in that last case *word is the word to report,
 * and a table above level 1 may be left partial, its demotion interrupted. Then the caller keeps
 * its reference until a type_finish of `m` has returned VMMU_DONE (defer_abandon). */
static inline enum vmmu_result type_get(mfn_t m, enum vmmu_type type, u64 *word)
{
    return type_get_fast(frame_of(m), type) ? VMMU_DONE : type_get_slow(m, type, word);
}

/* The fast path of type_get_writable: takes a writable type reference if neither a flush nor a wait
 * is needed and the count is below FRAME_COUNT_MAX. False: that is not so, and nothing has
 * happened. */
ALWAYS_INLINE bool type_get_writable_fast(struct vmmu_frame *frame)
{
    _Atomic u64 *use = &frame->type;
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

/* Takes a writable type reference on a frame of `domain` that was last a table, if each CPU that
 * may still walk it as such has flushed since. Neither flushes nor waits, so that the caller may
 * have another table locked. False: it is another case, and nothing has happened. */
bool type_get_writable_flushed(mfn_t m, struct vmmu_domain *domain);

/* The slow path of type_get_writable, with the same contract. */
enum vmmu_result type_get_writable_slow(mfn_t m);

/* Takes the type reference on `m` that a writable L1 entry needs: a writable one, or on a shared
 * page that the guest may write a shared one. The caller has a reference on `m`. VMMU_AGAIN:
 * another CPU is changing the frame's type word, or the demotion of a partial frame was
 * interrupted. Refuses: WRONG_TYPE, TOO_MANY_REFERENCES, READ_ONLY_PAGE. */
ALWAYS_INLINE enum vmmu_result type_get_writable(mfn_t m)
{
    return type_get_writable_fast(frame_of(m)) ? VMMU_DONE : type_get_writable_slow(m);
}

/* The fast path of type_put: drops a type reference. False: it is the last one (or there is none),
 * and nothing has happened. */
ALWAYS_INLINE bool type_put_fast(struct vmmu_frame *frame)
{
    u64 old = word_read(&frame->type);
    while (frame_count(old) > 1) {
        if (word_swap(&frame->type, &old, old - 1, memory_order_release)) {
            return true;
        }
    }
    return false;
}

/* Drops a type reference of the caller on `m`, on which the caller also has a reference. If it is
 * the last one of a table, the table is demoted, and the reference is needed until that is
 * complete. VMMU_AGAIN, only of a table of level 2 to 4: the demotion was interrupted. The type
 * reference is gone all the same, and `m` is partial. The caller sees to it that type_finish is
 * called for `m`: it keeps its reference until then and records that (as a deferred release, or as
 * `child` of a partial table), or, in the teardown of the owner, drops it and comes back to `m`,
 * which the partial state's own reference keeps. */
ALWAYS_INLINE enum vmmu_result type_put(mfn_t m)
{
    return type_put_fast(frame_of(m)) ? VMMU_DONE : type_put_slow(m);
}

/* Demotes `m` if it is partial: continues an interrupted demotion, or undoes an interrupted
 * promotion. The caller has a reference on `m`. VMMU_DONE: demoted; or `m` was not partial, and
 * nothing has happened. VMMU_AGAIN: interrupted again, and `m` is partial; or another CPU does the
 * same, and may be the one that is interrupted. Then it need not come back, so the caller has to.
 * (Such a wait cannot be circular: a demotion only goes down. If it waited for a promotion, it
 * could be for one of its own CPU, which has found this table as a page to be written to.) */
enum vmmu_result type_finish(mfn_t m);

/* The fast path of type_lock, which also sets the bits `parts` (USE_PARTS) in the type word. The
 * caller may find only then that the table is another domain's, and leave the bits set: that a part
 * is marked only says that it may have entries, so that its demotion reads 32 words more. False:
 * nothing is locked, because that needs a wait, or `m` is not such a table, or its type word has a
 * bit of `without`. */
ALWAYS_INLINE bool type_try_lock(struct vmmu_frame *frame, enum vmmu_type type, u64 without,
                                 u64 parts)
{
    u64 old = word_read(&frame->type);
    const u64 seen = old & (USE_TYPE | USE_VALIDATED | USE_LOCKED | without);
    return seen == (use_of(type) | USE_VALIDATED) &&
           word_swap(&frame->type, &old, old | USE_LOCKED | parts, memory_order_acquire);
}

/* The slow path of type_lock, with the same contract: waits until no other CPU has the table
 * locked. */
bool type_lock_slow(mfn_t m, enum vmmu_type type, u64 without);

/* Locks the entries of `m`, which exists, if it is a live table of this type; waits while another
 * CPU has it locked. Until type_unlock the table stays live and of this type, and no other CPU
 * changes an entry, except that processors set accessed and dirty bits. While it is locked, the
 * caller locks no other frame and drops no type reference on `m`. False: `m` is not such a table,
 * or its type word has a bit of `without`, and nothing is locked. */
ALWAYS_INLINE bool type_lock(mfn_t m, enum vmmu_type type, u64 without)
{
    return type_try_lock(frame_of(m), type, without, 0) || type_lock_slow(m, type, without);
}

/* Unlocks the entries of a table that the caller has locked, by its element of the frame table.
 * Other CPUs may change the word's other bits meanwhile, by exchanges of the whole word; the byte
 * of the lock is the caller's, so a store of that byte is enough, which costs less than an
 * exchange. Memory order: release. */
ALWAYS_INLINE void type_unlock_frame(struct vmmu_frame *frame)
{
    u8 *const use = (u8 *)&frame->type;
    __atomic_store_n(use + USE_LOCK_SHIFT / 8, 0, __ATOMIC_RELEASE);
}

/* Unlocks the entries of `m`, which the caller has locked. */
static inline void type_unlock(mfn_t m)
{
    type_unlock_frame(frame_of(m));
}

#endif
