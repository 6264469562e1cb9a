/* SPDX-License-Identifier: MIT */
/* The usual case of a reference, which the fast paths recognise by one comparison. */
#ifndef VMMU_USUAL_H
#define VMMU_USUAL_H

#include "lib/opaque.h"
#include "vmmu/entry.h"

/* The usual case: the frame belongs to the domain in question, is not shared, has not been handed
 * back, and has fewer than REF_USUAL_END references. Then these bits of its references word equal
 * ref_usual() of the domain. The count is not 0 then, because it includes the ownership
 * reference. */
#define REF_USUAL_END  (1ull << 31)
#define REF_USUAL_BITS (REF_OWNED | REF_ALLOCATED | REF_SHARED | REF_OWNER | REF_USUAL_END)

/* Returns those bits for the frames of domain `id`. */
static inline u64 ref_usual(u16 id)
{
    return ref_owned_by(id) | REF_ALLOCATED;
}

/* What the loops over entries compare with, in variables, and opaque to the compiler where it is
 * constant: otherwise it computes all of it again for each entry. */
struct usual {
    u64 offset_bits; /* the bits of entry_offset() */
    u64 offset_end;  /* the offset of the end of the frame table */
    u64 references;  /* ref_usual() of the owner */
    u64 reference_bits;
};

/* For a loop over entries of a table of domain `owner`. */
ALWAYS_INLINE struct usual usual_of(u16 owner)
{
    return (struct usual){.offset_bits = opaque(PTE_ADDRESS >> (PAGE_SHIFT - 4)),
                          .offset_end = vmmu_engine.count * sizeof(struct vmmu_frame),
                          .references = ref_usual(owner),
                          .reference_bits = opaque(REF_USUAL_BITS)};
}

/* For a single entry of a table of the vCPU's domain: without the offsets, and with constants as
 * constants. */
ALWAYS_INLINE struct usual usual_of_vcpu(const struct vmmu_vcpu *vcpu)
{
    return (struct usual){.references = vcpu->usual, .reference_bits = REF_USUAL_BITS};
}

/* Returns the offset in the frame table of the element for the frame number in a present entry: the
 * number is shifted down by as much less as an element's size requires. */
ALWAYS_INLINE u64 entry_offset(struct usual usual, u64 entry)
{
    _Static_assert(sizeof(struct vmmu_frame) == 1 << 4, "16 bytes a frame");
    return entry >> (PAGE_SHIFT - 4) & usual.offset_bits;
}

/* Returns the element of the frame table at this offset. */
ALWAYS_INLINE struct vmmu_frame *frame_at(u64 offset)
{
    return (struct vmmu_frame *)((u8 *)vmmu_engine.frames + offset);
}

/* Says whether a references word is of the usual case. */
ALWAYS_INLINE bool is_usual(struct usual usual, u64 references)
{
    return (references & usual.reference_bits) == usual.references;
}

/* Takes a reference on a frame, whose references word is given, in the usual case. False: it is
 * another case, and nothing has happened: ref_get decides. */
ALWAYS_INLINE bool ref_get_usual(_Atomic u64 *word, struct usual usual)
{
    u64 old = word_read(word);
    do {
        if (!is_usual(usual, old)) {
            return false;
        }
    } while (!word_swap(word, &old, old + 1, memory_order_acquire));
    return true;
}

/* Says whether the references word `old` is of the usual case and so far from the last reference
 * that a drop need not record an epoch (ref_dropped). */
ALWAYS_INLINE bool ref_has_many(struct usual usual, u64 old)
{
    return is_usual(usual, old) && (old & ~3ull & FRAME_COUNT);
}

/* Drops a reference on a frame, whose references word is given, if ref_has_many of it; `old` is
 * what it was, of which that was true. False: it has not any more, and nothing has happened:
 * ref_put decides. */
ALWAYS_INLINE bool ref_put_usual(_Atomic u64 *word, u64 old, struct usual usual)
{
    while (!word_swap(word, &old, old - 1, memory_order_release)) {
        if (!ref_has_many(usual, old)) {
            return false;
        }
    }
    return true;
}

#endif
