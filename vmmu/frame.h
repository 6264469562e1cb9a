/* SPDX-License-Identifier: MIT */
/* One frame's two words, bit by bit.
 *
 * references: for whom the frame exists, and how often.
 *     63     owned: clear means that the frame is free, and then both whole words are the
 *            allocator's: it may keep anything in bits 0..62 and in all of `type`
 *     62     allocated: the owner's own reference is among the count (of a VMMU_TYPE_SHARED frame:
 * the hypervisor's) 61     shared: a VMMU_TYPE_SHARED frame, whose end is the hypervisor's to say
 *     46..60 owner: a domain's number, or VMMU_OWNER_DEVICE (a device frame: allocated, count 1,
 *            type none, for good)
 *     32..45 flush stamp of the last drop to count 1 (and of that to 2)
 *     0..31  count. 0 while owned: on its way back to the allocator, nobody can have it
 *
 * type: as what it is used, and how often.
 *     60..63 enum vmmu_type; at count 0: what it was last, which is all that is left of it
 *     59     validated: the use is open to everybody
 *     58     partial: half promoted or half demoted, and nobody is at work on it
 *     57     pinned
 *     56     locked: one CPU changes an entry of this live table
 *     55     child: partial, and the entry at `place` still has its reference on its target
 *     54     share_writable: VMMU_TYPE_SHARED, and the guest may map it writable
 *     32..53 place: partial: how many entries hold their references; count 0: flush stamp
 *     0..31  count
 *
 * Count 1 with neither validated nor partial set means that one CPU is promoting or demoting the
 * frame, or stamps the end of its last use: the word is then that CPU's alone. */
#ifndef VMMU_FRAME_H
#define VMMU_FRAME_H

#include <stdatomic.h>

#include "vmmu/engine.h"
#include "vmmu/port.h"
#include "vmmu/vmmu.h"

#define FRAME_COUNT 0xffffffffull
#define FRAME_COUNT_MAX                                                                            \
    0xfffffff0ull /* ordinary gets stop here; the rest is for those that must not fail */

#define REF_EPOCH_SHIFT 32
#define REF_EPOCH_BITS  14
#define REF_OWNER_SHIFT 46
#define REF_OWNER       (0x7fffull << REF_OWNER_SHIFT)
#define REF_SHARED      (1ull << 61)
#define REF_ALLOCATED   (1ull << 62)
#define REF_OWNED       (1ull << 63)

#define USE_PLACE_SHIFT    32
#define USE_PLACE_BITS     22
#define USE_SHARE_WRITABLE (1ull << 54)
#define USE_CHILD          (1ull << 55)
#define USE_LOCKED         (1ull << 56)
#define USE_PINNED         (1ull << 57)
#define USE_PARTIAL        (1ull << 58)
#define USE_VALIDATED      (1ull << 59)
#define USE_TYPE_SHIFT     60
#define USE_TYPE           (0xfull << USE_TYPE_SHIFT)

#define ENTRIES 512u /* of any table */

/* Inlined even where the compiler would not: the fast paths, which run once for each of many
 * entries.
 */
#define ALWAYS_INLINE static inline __attribute__((always_inline))

/* A table's level and its type are the same number. */
_Static_assert(VMMU_TYPE_L1 == 1 && VMMU_TYPE_L2 == 2 && VMMU_TYPE_L3 == 3 && VMMU_TYPE_L4 == 4,
               "level == type");
_Static_assert(VMMU_TYPES <= 16, "the type has four bits");
_Static_assert(sizeof(struct vmmu_frame) == 16, "16 bytes a frame");
_Static_assert(VMMU_OWNER_DEVICE >= VMMU_DOMAINS_END &&
                   VMMU_OWNER_DEVICE <= REF_OWNER >> REF_OWNER_SHIFT,
               "the owner of device frames fits its field and is no domain");

ALWAYS_INLINE bool frame_exists(mfn_t m)
{
    return m.n < vmmu_engine.count;
}

ALWAYS_INLINE struct vmmu_frame *frame_of(mfn_t m)
{
    return &vmmu_engine.frames[m.n];
}

/* Reads a word of the frame table, or of a frame's contents such as an entry of a table. Orders no
 * other access. */
ALWAYS_INLINE u64 word_read(const _Atomic u64 *word)
{
    return atomic_load_explicit(word, memory_order_relaxed);
}

/* Stores such a word. Orders no other access. */
ALWAYS_INLINE void word_write(_Atomic u64 *word, u64 value)
{
    atomic_store_explicit(word, value, memory_order_relaxed);
}

/* Replaces such a word by `next` if it is *old, with the memory order `order`. False: it is not,
 * and *old becomes what it is. */
ALWAYS_INLINE bool word_swap(_Atomic u64 *word, u64 *old, u64 next, memory_order order)
{
    return atomic_compare_exchange_strong_explicit(word, old, next, order, memory_order_relaxed);
}

/* The place of the references word of frame `m`, for word_read and word_swap. */
ALWAYS_INLINE _Atomic u64 *frame_references_at(mfn_t m)
{
    return &frame_of(m)->references;
}

/* The place of the type word of frame `m`. */
ALWAYS_INLINE _Atomic u64 *frame_type_word_at(mfn_t m)
{
    return &frame_of(m)->type;
}

/* The references word of frame `m`. */
ALWAYS_INLINE u64 frame_references(mfn_t m)
{
    return atomic_load_explicit(&frame_of(m)->references, memory_order_relaxed);
}

/* The same; what the caller reads next is not older than the word. */
ALWAYS_INLINE u64 frame_references_acquire(mfn_t m)
{
    return atomic_load_explicit(&frame_of(m)->references, memory_order_acquire);
}

/* The type word of frame `m`. */
ALWAYS_INLINE u64 frame_type_word(mfn_t m)
{
    return atomic_load_explicit(&frame_of(m)->type, memory_order_relaxed);
}

/* The same; what the caller reads next is not older than the word. */
ALWAYS_INLINE u64 frame_type_word_acquire(mfn_t m)
{
    return atomic_load_explicit(&frame_of(m)->type, memory_order_acquire);
}

/* Sets `bits` in the type word of `m`. Returns the word before. */
static inline u64 frame_set_type_bits(mfn_t m, u64 bits)
{
    return atomic_fetch_or_explicit(&frame_of(m)->type, bits, memory_order_relaxed);
}

/* Clears `bits` in the type word of `m`. Returns the word before. */
static inline u64 frame_clear_type_bits(mfn_t m, u64 bits)
{
    return atomic_fetch_and_explicit(&frame_of(m)->type, ~bits, memory_order_relaxed);
}

/* Ends exclusive ownership of `m`: publishes `use` as its type word. */
ALWAYS_INLINE void frame_publish(mfn_t m, u64 use)
{
    atomic_store_explicit(&frame_of(m)->type, use, memory_order_release);
}

/* The 512 words of frame `m`, which is RAM. Of a live table, processors set accessed and dirty bits
 * in them at any time. */
ALWAYS_INLINE _Atomic u64 *frame_words(mfn_t m)
{
    return (_Atomic u64 *)port_frame_view(m);
}

ALWAYS_INLINE u64 frame_count(u64 word)
{
    return word & FRAME_COUNT;
}

/* Ownership as it stands in a references word. */
static inline u64 ref_owned_by(u16 id)
{
    return REF_OWNED | (u64)id << REF_OWNER_SHIFT;
}

ALWAYS_INLINE bool ref_is_owned_by(u64 references, u16 id)
{
    const u64 flags = REF_ALLOCATED | REF_SHARED;
    const u64 owner_part = references >> REF_OWNER_SHIFT & ~(flags >> REF_OWNER_SHIFT);
    return owner_part == ref_owned_by(id) >> REF_OWNER_SHIFT;
}

ALWAYS_INLINE u16 ref_owner(u64 references)
{
    return (u16)((references & REF_OWNER) >> REF_OWNER_SHIFT);
}

/* The domain that owns `m`, on which the caller has a reference. */
static inline struct vmmu_domain *frame_domain(mfn_t m)
{
    return port_domain(ref_owner(frame_references(m)));
}

static inline u64 ref_epoch(u64 references)
{
    return references >> REF_EPOCH_SHIFT & ((1ull << REF_EPOCH_BITS) - 1);
}

static inline u64 ref_with_epoch(u64 references, u64 clock)
{
    const u64 mask = (1ull << REF_EPOCH_BITS) - 1;
    return (references & ~(mask << REF_EPOCH_SHIFT)) | (clock & mask) << REF_EPOCH_SHIFT;
}

ALWAYS_INLINE enum vmmu_type use_type(u64 use)
{
    return (enum vmmu_type)(use >> USE_TYPE_SHIFT);
}

static inline u64 use_of(enum vmmu_type type)
{
    return (u64)type << USE_TYPE_SHIFT;
}

static inline u64 use_place(u64 use)
{
    return use >> USE_PLACE_SHIFT & ((1ull << USE_PLACE_BITS) - 1);
}

/* The place or stamp field of a type word; too large a clock value loses its top. */
static inline u64 use_at(u64 place)
{
    return (place & ((1ull << USE_PLACE_BITS) - 1)) << USE_PLACE_SHIFT;
}

static inline bool type_is_table(enum vmmu_type type)
{
    return type >= VMMU_TYPE_L1 && type <= VMMU_TYPE_L4;
}

/* The word says: a validated frame of exactly this type. */
ALWAYS_INLINE bool use_is_valid(u64 use, enum vmmu_type type)
{
    return (use & (USE_TYPE | USE_VALIDATED)) == (use_of(type) | USE_VALIDATED);
}

/* The word says: in no use, and last in that one. */
static inline bool use_was(u64 use, enum vmmu_type type)
{
    return (use & ~use_at(~0ull)) == use_of(type);
}

/* Adds to a counter that nobody orders anything by. */
static inline void count_up(_Atomic u64 *counter, u64 by)
{
    atomic_fetch_add_explicit(counter, by, memory_order_relaxed);
}

#endif
