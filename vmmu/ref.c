/* SPDX-License-Identifier: MIT */
/* The reference count: the last reference, and the ownership reference. */
#include "vmmu/ref.h"

#include "vmmu/flush.h"
#include "vmmu/free.h"
#include "vmmu/port.h"

/* Replaces the references word *old of `m` by `next`, which has one reference less. If that was the
 * last reference, frees the frame, the last translation of which ended at the epoch `since` or
 * earlier. False: the word is not *old any more; nothing is dropped, and *old becomes its value. */
static bool drop(mfn_t m, u64 *old, u64 next, u64 since)
{
    if (!word_swap(frame_references_at(m), old, next, memory_order_acq_rel)) {
        return false;
    }
    if (frame_count(next) == 0) {
        free_frame(m, since);
    }
    return true;
}

void ref_put_slow(mfn_t m)
{
    u64 old = frame_references(m);
    u64 next, now;
    do {
        if (frame_count(old) == 0) {
            port_panic("a reference is dropped that does not exist", m.n);
        }
        now = flush_clock(ref_owner(old));
        next = ref_dropped(old, now);
    } while (!drop(m, &old, next, now));
}

enum vmmu_result ref_release(mfn_t m, u16 id, enum release whose)
{
    u64 old = frame_references(m);
    u64 next, since;
    do {
        if (!ref_is_owned_by(old, id) || frame_count(old) == 0 ||
            !(old & REF_SHARED) != (whose != RELEASE_SHARED)) {
            return VMMU_REFUSED_NOT_OWNER;
        }
        if (!(old & REF_ALLOCATED)) {
            return VMMU_REFUSED_ALREADY_RELEASED;
        }
        if (whose == RELEASE_ALONE && frame_count(old) != 1) {
            return VMMU_REFUSED_WRONG_TYPE;
        }
        next = (old - 1) & ~REF_ALLOCATED;
        /* The ownership reference is no translation. If it is the last reference, the last
         * translation ended, at the latest, when the count fell to 1, and the word contains the
         * epoch of that moment. */
        since = flush_epoch_read(id, ref_epoch(old), REF_EPOCH_BITS);
    } while (!drop(m, &old, next, since));
    return VMMU_DONE;
}
