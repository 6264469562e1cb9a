/* SPDX-License-Identifier: MIT */
/* The reference count: a frame with a reference keeps its owner and is not freed. */
#ifndef VMMU_REF_H
#define VMMU_REF_H

#include "vmmu/flush.h"
#include "vmmu/frame.h"

/* Why ref_get of a frame with these references does not do. */
static inline enum vmmu_result ref_refusal(u64 references, u16 id)
{
    return ref_is_owned_by(references, id) && frame_count(references)
               ? VMMU_REFUSED_TOO_MANY_REFERENCES
               : VMMU_REFUSED_NOT_OWNER;
}

/* One reference on `m`, a frame below the frame count, if it belongs to domain `id`. Results:
 * VMMU_DONE, VMMU_REFUSED_NOT_OWNER, VMMU_REFUSED_TOO_MANY_REFERENCES. */
ALWAYS_INLINE enum vmmu_result ref_get(mfn_t m, u16 id)
{
    _Atomic u64 *word = frame_references_at(m);
    u64 old = word_read(word);
    do {
        /* One comparison for both ends: count 0 wraps to the top. */
        if (!ref_is_owned_by(old, id) || (u32)old - 1 >= FRAME_COUNT_MAX - 1) {
            return ref_refusal(old, id);
        }
    } while (!word_swap(word, &old, old + 1, memory_order_acquire));
    return VMMU_DONE;
}

/* One more reference for a caller who has one already and must not fail. */
void ref_get_more(mfn_t m);

/* Drops what was the last reference a moment ago, which frees the frame. */
void ref_put_slow(mfn_t m);

/* Whose word it is that a frame has done with its owner. */
enum release {
    RELEASE_OWN,    /* the owner's; not of a shared frame */
    RELEASE_ALONE,  /* the same, only if nothing else refers to the frame */
    RELEASE_SHARED, /* the hypervisor's, of a shared frame */
};

/* Drops the reference that `allocated` stands for, if `m` belongs to domain `id`. Results:
 * VMMU_DONE, VMMU_REFUSED_NOT_OWNER, VMMU_REFUSED_ALREADY_RELEASED, VMMU_REFUSED_WRONG_TYPE (not
 * alone). */
enum vmmu_result ref_release(mfn_t m, u16 id, enum release whose);

/* The word after a drop, with the clock read before. What is left may be the owner's own reference,
 * which is no translation: that moment's stamp counts. The drop before has one too, so that the
 * word differs if meanwhile another use has begun and ended. */
static inline u64 ref_dropped(u64 references, u64 clock)
{
    return frame_count(references) <= 3 ? ref_with_epoch(references - 1, clock) : references - 1;
}

/* Drops one reference unless it is the last. */
ALWAYS_INLINE bool ref_put_fast(mfn_t m)
{
    _Atomic u64 *word = frame_references_at(m);
    u64 old = word_read(word);
    u64 next;
    do {
        if (frame_count(old) < 2) {
            return false;
        }
        next = ref_dropped(old, flush_clock(ref_owner(old)));
    } while (!word_swap(word, &old, next, memory_order_release));
    return true;
}

/* Drops one reference. */
ALWAYS_INLINE void ref_put(mfn_t m)
{
    if (!ref_put_fast(m)) {
        ref_put_slow(m);
    }
}

#endif
