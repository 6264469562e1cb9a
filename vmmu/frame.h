/* SPDX-License-Identifier: MIT */
/* The two words of a frame in the frame table, bit by bit.
 *
 * The references word: for whom the frame exists, and how many references there are.
 *     63     owned. Clear: the frame is a device frame, if `allocated` is set (all other bits and
 *            the type word are 0 then); otherwise it is free or the hypervisor's, and the
 *            allocator may keep anything in bits 0 to 61 and in the type word.
 *     62     allocated: the count includes the ownership reference (of a shared page: the
 *            hypervisor's).
 *     61     shared: the type is shared, and only the hypervisor may end that (vmmu_unshare).
 *     46..60 owner: a domain's number, or VMMU_OWNER_HYPERVISOR.
 *     32..45 the low bits of the epoch at which the count last fell to 1 or 2 because a
 *            reference other than the ownership reference was dropped.
 *     0..31  count. 0 in an owned frame: it is on its way back to the allocator, and no
 *            reference can be taken.
 *
 * The type word: as what the frame is used, and how many type references there are. In the code
 * a type word is called `use`.
 *     60..63 enum vmmu_type. At count 0: the last type. All other bits but the epoch are 0 then.
 *     59     validated: the contents are checked, and other CPUs may take type references.
 *     58     partial: a promotion or demotion was interrupted, and no CPU is working on it.
 *     57     pinned.
 *     56     devices: a live L1 table of which an entry maps a device frame, or has mapped one.
 *     54     child, only with partial: the entry at `place` has a reference on its target, and
 *            the target may be partial itself.
 *     53     share_writable: a shared page that the guest may map writable.
 *     32..52 with partial, `place`: how many entries, from entry 0 on, hold their references.
 *            At count 0, the low bits of the epoch at which the last use ended. Otherwise 0,
 *            but for the lock and the parts of a table:
 *     32     locked, only with validated: one CPU is changing an entry of this live table. It has
 *            the byte of bits 32 to 39 to itself, so that a plain store of 0 there unlocks.
 *     40..55 of a validated table: for each part of it, of PART entries, whether an entry of that
 *            part may hold references. If the bit is clear, none does. Bits are set under the
 *            table's lock, or by the promotion, and never cleared while the table is live.
 *     55     demoting, only with count 1 and neither validated nor partial: the CPU that owns the
 *            frame exclusively demotes a table that was partial, and may leave it partial again.
 *     0..31  count.
 *
 * Count 1 with neither validated nor partial means that one CPU owns the frame exclusively: it
 * promotes or demotes it, or is recording the epoch at which its last use ended. No other CPU
 * changes the word then. */
#ifndef VMMU_FRAME_H
#define VMMU_FRAME_H

#include <stdatomic.h>

#include "lib/opaque.h"
#include "vmmu/engine.h"
#include "vmmu/port.h"
#include "vmmu/vmmu.h"

/* The bits of a references word or a type word that hold its count. */
#define FRAME_COUNT 0xffffffffull

/* The largest count that ref_get and type_get reach. ref_get_more, which must not fail, may exceed
 * it. */
#define FRAME_COUNT_MAX 0xfffffff0ull

#define REF_EPOCH_SHIFT 32
#define REF_EPOCH_BITS  14
#define REF_OWNER_SHIFT 46
#define REF_OWNER       (0x7fffull << REF_OWNER_SHIFT)
#define REF_SHARED      (1ull << 61)
#define REF_ALLOCATED   (1ull << 62)
#define REF_OWNED       (1ull << 63)
#define REF_DEVICE      REF_ALLOCATED /* the references word of a device frame */

#define USE_PLACE_SHIFT     32
#define USE_PLACE_BITS      21
#define USE_LOCK_SHIFT      32
#define USE_LOCKED          (1ull << USE_LOCK_SHIFT)
#define USE_SHARE_WRITABLE  (1ull << 53)
#define USE_CHILD           (1ull << 54)
#define USE_DEMOTING        (1ull << 55)
#define USE_DEVICES         (1ull << 56)
#define USE_PINNED          (1ull << 57)
#define USE_PARTIAL         (1ull << 58)
#define USE_VALIDATED_SHIFT 59
#define USE_VALIDATED       (1ull << USE_VALIDATED_SHIFT)
#define USE_TYPE_SHIFT      60
#define USE_TYPE            (0xfull << USE_TYPE_SHIFT)

#define ENTRIES 512u /* the number of entries of a page table, of any level */

/* The parts of a table for which its type word has a bit each. */
#define PART            32u /* entries */
#define USE_PARTS_SHIFT 40
#define USE_PARTS       (0xffffull << USE_PARTS_SHIFT)

/* For functions of the fast paths, which run once for each of many entries: inlined even where the
 * compiler would rather call them. */
#define ALWAYS_INLINE static inline __attribute__((always_inline))

/* The type of a table is the same number as its level; the code converts one to the other by a
 * cast. */
_Static_assert(VMMU_TYPE_L1 == 1 && VMMU_TYPE_L2 == 2 && VMMU_TYPE_L3 == 3 && VMMU_TYPE_L4 == 4,
               "level == type");
_Static_assert(VMMU_TYPES <= 16, "the type has four bits");
_Static_assert(ENTRIES / PART == 16, "a bit of USE_PARTS for each part");
_Static_assert(sizeof(struct vmmu_frame) == 16, "16 bytes a frame");
_Static_assert(VMMU_OWNER_HYPERVISOR >= VMMU_DOMAINS_END &&
                   VMMU_OWNER_HYPERVISOR <= REF_OWNER >> REF_OWNER_SHIFT,
               "the owner of pages that are shown fits its field and is no domain");

/* Says whether `m` is below the frame count given to vmmu_start. */
ALWAYS_INLINE bool frame_exists(mfn_t m)
{
    return m.n < vmmu_engine.count;
}

/* Returns the element of the frame table for `m`, which exists. */
ALWAYS_INLINE struct vmmu_frame *frame_of(mfn_t m)
{
    return &vmmu_engine.frames[m.n];
}

/* Reads a word of the frame table, or a word of a frame's contents such as an entry of a table.
 * Memory order: relaxed. */
ALWAYS_INLINE u64 word_read(const _Atomic u64 *word)
{
    return atomic_load_explicit(word, memory_order_relaxed);
}

/* Stores a word of the frame table or of a frame's contents. Memory order: relaxed. */
ALWAYS_INLINE void word_write(_Atomic u64 *word, u64 value)
{
    atomic_store_explicit(word, value, memory_order_relaxed);
}

/* Replaces a word of the frame table or of a frame's contents by `next` if it is *old, with the
 * memory order `order`. False: the word is not *old; it is unchanged, and *old becomes its value
 * (memory order: relaxed). */
ALWAYS_INLINE bool word_swap(_Atomic u64 *word, u64 *old, u64 next, memory_order order)
{
    return atomic_compare_exchange_strong_explicit(word, old, next, order, memory_order_relaxed);
}

/* Returns the address of the references word of frame `m`, for word_read and word_swap. */
ALWAYS_INLINE _Atomic u64 *frame_references_at(mfn_t m)
{
    return &frame_of(m)->references;
}

/* Returns the address of the type word of frame `m`, for word_read and word_swap. */
ALWAYS_INLINE _Atomic u64 *frame_type_word_at(mfn_t m)
{
    return &frame_of(m)->type;
}

/* Returns the references word of frame `m`. Memory order: relaxed. */
ALWAYS_INLINE u64 frame_references(mfn_t m)
{
    return atomic_load_explicit(&frame_of(m)->references, memory_order_relaxed);
}

/* Returns the references word of frame `m`. Memory order: acquire. */
ALWAYS_INLINE u64 frame_references_acquire(mfn_t m)
{
    return atomic_load_explicit(&frame_of(m)->references, memory_order_acquire);
}

/* Returns the type word of frame `m`. Memory order: relaxed. */
ALWAYS_INLINE u64 frame_type_word(mfn_t m)
{
    return atomic_load_explicit(&frame_of(m)->type, memory_order_relaxed);
}

/* Returns the type word of frame `m`. Memory order: acquire. */
ALWAYS_INLINE u64 frame_type_word_acquire(mfn_t m)
{
    return atomic_load_explicit(&frame_of(m)->type, memory_order_acquire);
}

/* Sets `bits` in the type word of `m` atomically and returns the word before. Memory order:
 * relaxed. */
static inline u64 frame_set_type_bits(mfn_t m, u64 bits)
{
    return atomic_fetch_or_explicit(&frame_of(m)->type, bits, memory_order_relaxed);
}

/* Clears `bits` in the type word of `m` atomically and returns the word before. Memory order:
 * relaxed. */
static inline u64 frame_clear_type_bits(mfn_t m, u64 bits)
{
    return atomic_fetch_and_explicit(&frame_of(m)->type, ~bits, memory_order_relaxed);
}

/* Returns the bit of a validated table's type word for the part that contains entry `index`. */
ALWAYS_INLINE u64 use_part(u32 index)
{
    return 1ull << (USE_PARTS_SHIFT + index / PART);
}

/* Notes in the type word of a locked table that entry `index`, which is stored under this
 * lock, may hold references: sets the bit of its part (USE_PARTS). */
ALWAYS_INLINE void use_mark_part(struct vmmu_frame *table, u32 index)
{
    const u32 parts = (u32)(word_read(&table->type) >> USE_PARTS_SHIFT);
    if (!(parts >> index / PART & 1)) {
        atomic_fetch_or_explicit(&table->type, use_part(index), memory_order_relaxed);
    }
}

/* Ends exclusive ownership of `m`: publishes the frame's new type word, `use`. Memory order:
 * release. */
ALWAYS_INLINE void frame_publish(mfn_t m, u64 use)
{
    atomic_store_explicit(&frame_of(m)->type, use, memory_order_release);
}

/* Returns the address of the 512 words of frame `m`, which is RAM. In a live table processors set
 * accessed and dirty bits at any time. */
ALWAYS_INLINE _Atomic u64 *frame_words(mfn_t m)
{
    return (_Atomic u64 *)port_frame_view(m);
}

/* Returns the address of the word at machine address `at`, a multiple of 8 in a frame that is RAM.
 */
ALWAYS_INLINE _Atomic u64 *frame_word(maddr_t at)
{
    const mfn_t m = mfn_of(at);
    return (_Atomic u64 *)((u64)port_frame_view(m) + (at.a - (m.n << PAGE_SHIFT)));
}

/* Returns the count of a references word or a type word. */
ALWAYS_INLINE u64 frame_count(u64 word)
{
    return word & FRAME_COUNT;
}

/* Returns the bits of a references word that say that `id`, a domain's number or
 * VMMU_OWNER_HYPERVISOR, owns the frame. */
static inline u64 ref_owned_by(u16 id)
{
    return REF_OWNED | (u64)id << REF_OWNER_SHIFT;
}

/* Says whether a references word is that of a device frame. */
static inline bool ref_is_device(u64 references)
{
    return references == REF_DEVICE;
}

/* Says whether a references word is that of a frame which `id` owns, a domain's number or
 * VMMU_OWNER_HYPERVISOR; never for VMMU_OWNER_DEVICE. */
ALWAYS_INLINE bool ref_is_owned_by(u64 references, u16 id)
{
    const u64 flags = REF_ALLOCATED | REF_SHARED;
    const u64 owner_part = references >> REF_OWNER_SHIFT & ~(flags >> REF_OWNER_SHIFT);
    return owner_part == ref_owned_by(id) >> REF_OWNER_SHIFT;
}

/* Returns the owner, a domain's number or VMMU_OWNER_HYPERVISOR, in the references word of an owned
 * frame. */
ALWAYS_INLINE u16 ref_owner(u64 references)
{
    return (u16)((references & REF_OWNER) >> REF_OWNER_SHIFT);
}

/* Returns the domain that owns `m`. The caller has a reference on `m`, or is freeing it. */
static inline struct vmmu_domain *frame_domain(mfn_t m)
{
    return port_domain(ref_owner(frame_references(m)));
}

/* Returns the epoch that a references word contains, the low REF_EPOCH_BITS of it: the flush clock
 * when the count last fell to 1 or 2. */
static inline u64 ref_epoch(u64 references)
{
    return references >> REF_EPOCH_SHIFT & ((1ull << REF_EPOCH_BITS) - 1);
}

/* Returns `references` with the low REF_EPOCH_BITS of the flush clock `clock` as its epoch. */
static inline u64 ref_with_epoch(u64 references, u64 clock)
{
    const u64 mask = (1ull << REF_EPOCH_BITS) - 1;
    return (references & ~(mask << REF_EPOCH_SHIFT)) | (clock & mask) << REF_EPOCH_SHIFT;
}

/* Returns the type in a type word. */
ALWAYS_INLINE enum vmmu_type use_type(u64 use)
{
    return (enum vmmu_type)(use >> USE_TYPE_SHIFT);
}

/* Returns the bits of a type word that say `type`. */
static inline u64 use_of(enum vmmu_type type)
{
    return (u64)type << USE_TYPE_SHIFT;
}

/* Returns the field of a type word that contains the place, or at count 0 the low bits of the
 * epoch. */
static inline u64 use_place(u64 use)
{
    return use >> USE_PLACE_SHIFT & ((1ull << USE_PLACE_BITS) - 1);
}

/* Returns `place`, or the low USE_PLACE_BITS of an epoch, shifted to its field of a type word. */
static inline u64 use_at(u64 place)
{
    return (place & ((1ull << USE_PLACE_BITS) - 1)) << USE_PLACE_SHIFT;
}

/* Says whether `m`, which may be any number, is a device frame: it is marked as one, or it is not
 * below the frame count. */
static inline bool frame_is_device(mfn_t m)
{
    return !frame_exists(m) || ref_is_device(frame_references(m));
}

/* Says whether a type is that of a page table. */
static inline bool type_is_table(enum vmmu_type type)
{
    return type >= VMMU_TYPE_L1 && type <= VMMU_TYPE_L4;
}

_Static_assert(USE_TYPE_SHIFT == USE_VALIDATED_SHIFT + 1, "use_is_valid shifts down to both");

/* Says whether a type word is that of a validated frame of this type: by a shift, because a mask
 * would be a constant of 64 bits, which takes an instruction and a register. */
ALWAYS_INLINE bool use_is_valid(u64 use, enum vmmu_type type)
{
    return opaque(use >> USE_VALIDATED_SHIFT) == ((u64)type << 1 | 1);
}

/* Says whether a type word is that of a live table which a CPU has locked. */
static inline bool use_is_locked(u64 use)
{
    return (use & (USE_VALIDATED | USE_LOCKED)) == (USE_VALIDATED | USE_LOCKED);
}

/* Says whether a type word is that of a formerly partial table that a CPU is demoting. */
static inline bool use_is_demoting(u64 use)
{
    return (use & (USE_VALIDATED | USE_PARTIAL | USE_DEMOTING)) == USE_DEMOTING;
}

/* Says whether a type word has count 0 and `type` as the last type. */
static inline bool use_was(u64 use, enum vmmu_type type)
{
    return (use & ~use_at(~0ull)) == use_of(type);
}

/* Says whether vmmu_domain_stop of `domain` has begun. If not, its pass over the frame table will
 * find what this CPU has published before. (The test writes the word, so that it and the write
 * of vmmu_domain_stop are in one order for all CPUs.) */
static inline bool domain_is_dying(struct vmmu_domain *domain)
{
    bool dying = false;
    atomic_compare_exchange_strong(&domain->dying, &dying, false);
    return dying;
}

/* Adds `by` to a counter that only reports read, atomically. Memory order: relaxed. */
static inline void count_up(_Atomic u64 *counter, u64 by)
{
    atomic_fetch_add_explicit(counter, by, memory_order_relaxed);
}

#endif
