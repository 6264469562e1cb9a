/* SPDX-License-Identifier: MIT */
/* The reference count. A frame with a reference keeps its owner and is not freed. */
#ifndef VMMU_REF_H
#define VMMU_REF_H

#include "vmmu/flush.h"
#include "vmmu/frame.h"

/* Returns the refusal of a ref_get for domain `id` that failed on this references word:
 * TOO_MANY_REFERENCES if the domain owns the frame and the frame has references, otherwise
 * NOT_OWNER. */
static inline enum vmmu_result ref_refusal(u64 references, u16 id)
{
    return ref_is_owned_by(references, id) && frame_count(references)
               ? VMMU_REFUSED_TOO_MANY_REFERENCES
               : VMMU_REFUSED_NOT_OWNER;
}

/* Takes a reference on a frame, by its element of the frame table, if it belongs to domain `id`.
 * Refuses: NOT_OWNER, TOO_MANY_REFERENCES. */
ALWAYS_INLINE enum vmmu_result ref_get_frame(struct vmmu_frame *frame, u16 id)
{
    _Atomic u64 *word = &frame->references;
    u64 old = word_read(word);
    do {
        /* One comparison checks both ends of the range 1 to FRAME_COUNT_MAX - 1: count 0 minus 1
         * wraps to the largest number. */
        if (!ref_is_owned_by(old, id) || (u32)old - 1 >= FRAME_COUNT_MAX - 1) {
            return ref_refusal(old, id);
        }
    } while (!word_swap(word, &old, old + 1, memory_order_acquire));
    return VMMU_DONE;
}

/* As ref_get_frame, for the frame `m`. */
ALWAYS_INLINE enum vmmu_result ref_get(mfn_t m, u16 id)
{
    return ref_get_frame(frame_of(m), id);
}

/* Takes a further reference on `m`. The caller has one already, so this cannot fail. Panics if the
 * count is 0, or if it is FRAME_COUNT, the largest that fits. */
ALWAYS_INLINE void ref_get_more(mfn_t m)
{
    const u64 old = atomic_fetch_add_explicit(&frame_of(m)->references, 1, memory_order_relaxed);
    if (frame_count(old) == 0 || frame_count(old) == FRAME_COUNT) {
        port_panic("a further reference on a frame that has none, or too many", m.n);
    }
}

/* The slow path of ref_put: drops a reference that may be the last one, and frees the frame if it
 * is. Panics if there is no reference. */
void ref_put_slow(mfn_t m);

/* Which kind of ownership reference ref_release drops, and on what condition. */
enum release {
    RELEASE_OWN,    /* a domain's own reference on a frame that is not shared */
    RELEASE_ALONE,  /* the same, but only if it is the only reference */
    RELEASE_SHARED, /* the hypervisor's reference on a shared page */
};

/* Drops the ownership reference on `m`, if `m` belongs to domain `id`. When no other reference is
 * left, at once or later, the frame is freed. Refuses: NOT_OWNER (also if `m` is shared and `whose`
 * is not RELEASE_SHARED, or the other way round, or if `m` has no reference), ALREADY_RELEASED, and
 * WRONG_TYPE (RELEASE_ALONE, and there are other references). */
enum vmmu_result ref_release(mfn_t m, u16 id, enum release whose);

/* From this count on down, the epoch is recorded when a reference is dropped. */
#define REF_EPOCH_FROM 3u

/* Returns the references word with one reference less; `clock` is the owner's flush clock, read
 * before the word is replaced. If the count falls to 1, the epoch is recorded: what is left may be
 * the ownership reference, which is no translation, so this may be the moment when the last
 * translation ended. If the count falls to 2, the epoch is recorded too. For suppose that a CPU has
 * read a word with count 2 and its epoch from the clock, and that another reference is taken and
 * dropped at a later epoch: then the word differs, and that CPU's compare-and-exchange, which would
 * record the older epoch, fails. */
static inline u64 ref_dropped(u64 references, u64 clock)
{
    return frame_count(references) <= REF_EPOCH_FROM ? ref_with_epoch(references - 1, clock)
                                                     : references - 1;
}

/* The fast path of ref_put: drops a reference. False: the reference is the last one (or there is
 * none), and nothing has happened. */
ALWAYS_INLINE bool ref_put_fast(struct vmmu_frame *frame)
{
    _Atomic u64 *word = &frame->references;
    u64 old = word_read(word);
    u64 next;
    do {
        if (frame_count(old) < 2) {
            return false;
        }
        next = old - 1;
        if (frame_count(old) <= REF_EPOCH_FROM) { /* otherwise the clock need not even be read */
            next = ref_dropped(old, flush_clock(ref_owner(old)));
        }
    } while (!word_swap(word, &old, next, memory_order_release));
    return true;
}

/* Drops a reference of the caller on `m`. If it was the last one, the frame goes back to the
 * machine's allocator, after a flush if one is needed (free_frame). */
ALWAYS_INLINE void ref_put(mfn_t m)
{
    if (!ref_put_fast(frame_of(m))) {
        ref_put_slow(m);
    }
}

#endif
