/* SPDX-License-Identifier: MIT */
/* The type count. A frame is used as one type at a time, and each use is a type reference.
 *
 * A caller takes a reference before it takes a type reference, and drops them in the reverse order.
 * A promotion makes the frame safe for its new type and checks its contents after the count has
 * become 1 and before `validated` is set, which opens the frame to other CPUs. */
#ifndef VMMU_TYPE_H
#define VMMU_TYPE_H

#include "vmmu/frame.h"
#include "vmmu/port.h"

/* The slow path of type_get. */
enum vmmu_result type_get_slow(mfn_t m, enum vmmu_type type, u64 *word);

/* The slow path of type_put: drops a type reference that may be the last one. */
enum vmmu_result type_put_slow(mfn_t m);

/* The fast path of type_get: takes a type reference on `m` if it is validated as this type. False:
 * it is not, and nothing has happened. */
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

/* Takes a type reference on `m`, on which the caller has a reference. If it is the first, the frame
 * is promoted, with all tables below it. May stop and be resumed: VMMU_AGAIN leaves a partial
 * frame, which the next type_get of the same type continues. Refuses: WRONG_TYPE,
 * TOO_MANY_REFERENCES; and the rules of entries and descriptors that the contents break, with the
 * culprit in *word. After a refusal by the contents `m` may be left partial, its demotion
 * interrupted: the caller calls type_finish before it drops its reference. */
static inline enum vmmu_result type_get(mfn_t m, enum vmmu_type type, u64 *word)
{
    return type_get_fast(m, type) ? VMMU_DONE : type_get_slow(m, type, word);
}

/* The fast path of type_get_writable: takes a writable type reference if neither a flush nor a wait
 * is needed. False: nothing has happened. */
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

/* The slow path of type_get_writable. */
enum vmmu_result type_get_writable_slow(mfn_t m);

/* Takes the type reference that a writable L1 entry needs: a writable one, or on a shared page that
 * the guest may write a shared one. The caller has a reference. Refuses: WRONG_TYPE,
 * TOO_MANY_REFERENCES, READ_ONLY_PAGE. */
ALWAYS_INLINE enum vmmu_result type_get_writable(mfn_t m)
{
    return type_get_writable_fast(m) ? VMMU_DONE : type_get_writable_slow(m);
}

/* Drops a type reference of the caller on `m`. If it is the last one of a table, the table is
 * demoted. VMMU_AGAIN, only of a table of level 2 to 4: the demotion was interrupted. The type
 * reference is gone all the same, `m` is partial, and the caller records that type_finish must be
 * called for it, before it drops its reference. */
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

/* Resumes the demotion of `m`, if it is partial; if it is not, another CPU has continued it, and
 * nothing happens. The caller has a reference, or the owner of `m` is being torn down. Returns
 * VMMU_DONE, or VMMU_AGAIN if it was interrupted again. */
enum vmmu_result type_finish(mfn_t m);

/* The slow path of type_lock: waits for another CPU that has locked the table. */
bool type_lock_slow(mfn_t m, enum vmmu_type type);

/* Locks the entries of `m` if it is a live table of this type. Until type_unlock it stays one, and
 * no other CPU changes an entry. While it is locked, the caller locks no other frame and drops no
 * type reference on `m`. False: it is not such a table. */
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

/* Unlocks the entries of `m`, which the caller has locked. */
static inline void type_unlock(mfn_t m)
{
    atomic_fetch_and_explicit(&frame_of(m)->type, ~USE_LOCKED, memory_order_release);
}

#endif
