/* SPDX-License-Identifier: MIT */
/* One entry of a locked level 1 table replaced by one for another frame. */
#include "vmmu/replace.h"

/* What `next` needs. False: *left is what it has taken all the same. */
static inline bool take(u64 next, u16 owner, u64 *left)
{
    const mfn_t target = entry_frame(next);

    if (!entry_is_plain(1, next) || ref_get(target, owner) != VMMU_DONE) {
        return false;
    }
    if ((next & ENTRY_WRITABLE) && !type_get_writable_at_once(target)) {
        *left = next & ~ENTRY_WRITABLE;
        return false;
    }
    return true;
}

/* What `old`, which shows a frame of its table's owner, held on to; *left is what remains of it:
 * the last reference, whose drop may have to wait for a flush. */
static inline void drop(u64 old, u64 *left)
{
    const mfn_t target = entry_frame(old);
    if (old & ENTRY_WRITABLE) {
        type_put(target); /* of a page: that is done at once */
    }
    if (!ref_put_at_once(target)) {
        *left = old & ~ENTRY_WRITABLE;
    }
}

enum replaced replace_frame(struct replacement r, _Atomic u64 *slot, u64 old, u64 next, u64 *left)
{
    /* A frame of somebody else's is flushed when its entry goes. */
    if ((old & ENTRY_PRESENT) &&
        !ref_is_owned_by(
            atomic_load_explicit(&frame_of(entry_frame(old))->references, memory_order_relaxed),
            r.owner)) {
        return REPLACED_NOT;
    }
    if (next && !take(next, r.owner, left)) {
        return REPLACED_NOT;
    }
    if (!replace_word(r, slot, old, next)) {
        if (next) {
            drop(next, left);
        }
        return REPLACED_NOT;
    }
    if (old & ENTRY_PRESENT) {
        drop(old, left);
    }
    return REPLACED_CHECKED;
}
