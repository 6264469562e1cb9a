/* SPDX-License-Identifier: MIT */
/* The write of one entry of a live table: the fast path.
 *
 * Most writes change only free bits or, at level 1, anything for which no flush is needed. Such a
 * write is done as a whole under the table's lock, and several in a row under one lock, because
 * none of its steps waits: the CPU that holds the lock neither flushes nor promotes nor demotes a
 * table, nor frees a frame. */
#ifndef VMMU_WRITE_INLINE_H
#define VMMU_WRITE_INLINE_H

#include "vmmu/lessened.h"
#include "vmmu/write.h"

/* The fast path takes every present entry as one of RAM, so it leaves tables alone that have an
 * entry of a device frame: the bits for write_lock. */
#define WRITE_NOT_FAST USE_DEVICES

/* How a write under the lock is done, and for which owner; the old and the new entry are separate
 * arguments. */
struct write_terms {
    u64 keep;                   /* the bits that the new entry keeps from the old one */
    struct vmmu_domain *domain; /* owns the table and every frame that an entry maps */
    u16 owner;                  /* its number */
    bool conditional;           /* decline if the entry is not `old` any more */
};

enum written {
    WRITTEN_NOT, /* the entry is unchanged: take the slow path */
    WRITTEN,
    WRITTEN_RIGHT, /* the entry was written, and counts as checked: it has gained the writable bit
                    */
    WRITTEN_FRAME, /* the entry was written, and counts as checked: its target has changed. The
                      caller unlocks the table by write_unlock, or calls use_mark_part before */
};

/* Replaces the entry *old by `next`, with the bits terms.keep of the old entry, in the slot of a
 * locked table. Only the processor can have changed the entry since it was read as *old, by setting
 * its accessed and dirty bits. *old becomes the entry before. False: the processor has changed it,
 * the write is conditional, and the entry is not replaced. */
ALWAYS_INLINE bool write_word_locked(struct write_terms terms, _Atomic u64 *slot, u64 *old,
                                     u64 next)
{
    if (!terms.conditional && !terms.keep) {
        *old = atomic_exchange_explicit(slot, next, memory_order_seq_cst);
        lessened_note(terms.domain, *old, next);
        return true;
    }
    while (!atomic_compare_exchange_strong_explicit(slot, old, next | (*old & terms.keep),
                                                    memory_order_seq_cst, memory_order_relaxed)) {
        if (terms.conditional) {
            return false;
        }
    }
    lessened_note(terms.domain, *old, next | (*old & terms.keep));
    return true;
}

/* Takes the references that the L1 entry `next` needs. False: the fast path cannot take them, or
 * entry_is_plain is false. Then a reference may have been taken without the type reference: if so,
 * *left becomes an entry that holds just this reference, and the caller must release that entry.
 * Otherwise *left is unchanged. */
ALWAYS_INLINE bool write_get_page_fast(u64 next, u16 owner, u64 *left)
{
    if (!entry_is_plain(1, next)) {
        return false;
    }
    struct vmmu_frame *const target = frame_of(entry_frame(next));
    if (ref_get_frame(target, owner) != VMMU_DONE) {
        return false;
    }
    if ((next & PTE_WRITABLE) && !type_get_writable_fast(target)) {
        *left = next & ~PTE_WRITABLE;
        return false;
    }
    return true;
}

/* Drops the references of the L1 entry `old`, which maps a frame of its table's owner. But a last
 * type reference or the frame's last reference is not dropped here: freeing the frame may have to
 * wait for a flush. In that case *left becomes an entry that holds just what is left; otherwise
 * *left is unchanged. */
ALWAYS_INLINE void write_put_page_fast(u64 old, u64 *left)
{
    struct vmmu_frame *const target = frame_of(entry_frame(old));
    if ((old & PTE_WRITABLE) && !type_put_fast(target)) {
        *left = old;
    } else if (!ref_put_fast(target)) {
        *left = old & ~PTE_WRITABLE;
    }
}

/* Replaces the L1 entry *old by `next`, where the two have different targets, or one or both of
 * them are not present. Results, *old and *left: as for write_entry_locked. */
ALWAYS_INLINE enum written write_frame_locked(struct write_terms terms, _Atomic u64 *slot, u64 *old,
                                              u64 next, u64 *left)
{
    /* Dropping the mapping of a foreign frame needs a flush, which only the slow path does. */
    if ((*old & PTE_PRESENT) &&
        !ref_is_owned_by(frame_references(entry_frame(*old)), terms.owner)) {
        return WRITTEN_NOT;
    }
    if (next && !write_get_page_fast(next, terms.owner, left)) {
        return WRITTEN_NOT;
    }
    if (!write_word_locked(terms, slot, old, next)) {
        if (next) {
            write_put_page_fast(next, left);
        }
        return WRITTEN_NOT;
    }
    if (*old & PTE_PRESENT) {
        write_put_page_fast(*old, left);
    }
    return WRITTEN_FRAME;
}

/* Replaces the L1 entry *old by `next`, which maps the same frame and differs from it in the
 * writable bit. WRITTEN_NOT: the entry is unchanged, because the frame is foreign, the type
 * reference needs the slow path, or the write is conditional and the entry is not *old any more.
 * *old and *left: as for write_entry_locked. */
ALWAYS_INLINE enum written write_right_locked(struct write_terms terms, _Atomic u64 *slot, u64 *old,
                                              u64 next, u64 *left)
{
    struct vmmu_frame *const target = frame_of(entry_frame(*old));
    const bool gains = next & PTE_WRITABLE;

    if (!ref_is_owned_by(word_read(&target->references), terms.owner) ||
        (gains && !type_get_writable_fast(target))) {
        return WRITTEN_NOT;
    }
    const bool done = write_word_locked(terms, slot, old, next);
    /* Either the old entry was writable and is gone, or the new one would be and was not written.
     */
    if (done != gains && !type_put_fast(target)) {
        /* The last type reference. What is left is an entry of its own, with its own reference on
         * the target, which the entry in the table may lose once that is unlocked. */
        ref_get_more(entry_frame(*old));
        *left = *old | PTE_WRITABLE;
    }
    return !done ? WRITTEN_NOT : gains ? WRITTEN_RIGHT : WRITTEN;
}

/* Replaces *old, which the caller has read from `slot` of a locked table of this level, by `next`,
 * which entry_installed has returned; then *old is the entry before. WRITTEN_NOT, with the entry
 * unchanged: the fast path cannot do this change, or the write is conditional and the entry is not
 * *old any more. Whether the entry is written or not, *left, 0 before the call, may become an entry
 * that still holds references: the caller unlocks the table and then releases that entry by
 * write_put_entry or entry_put. */
ALWAYS_INLINE enum written write_entry_locked(struct write_terms terms, u32 level,
                                              _Atomic u64 *slot, u64 *old, u64 next, u64 *left)
{
    const u64 differ = (*old ^ next) & ~ENTRY_FREE;

    if ((*old & PTE_PRESENT) && differ == 0) {
        return write_word_locked(terms, slot, old, next) ? WRITTEN : WRITTEN_NOT;
    }
    if (level > 1) {
        return WRITTEN_NOT;
    }
    if ((*old & PTE_PRESENT) && differ == PTE_WRITABLE) {
        return write_right_locked(terms, slot, old, next, left);
    }
    return write_frame_locked(terms, slot, old, next, left);
}

/* Does `write` in its table, which has this level and is locked, if the fast path can. WRITTEN_NOT,
 * with the entry unchanged: write_entry_locked returned that, or the write is conditional and the
 * old entry is not the expected one. *left: as for write_entry_locked. */
ALWAYS_INLINE enum written write_locked(const struct write write, u32 level, u64 *left)
{
    const struct write_terms terms = {write.keep, write.domain, write.owners.table,
                                      write.mask != 0};
    _Atomic u64 *slot = &frame_words(write.table)[write.index];
    u64 old = word_read(slot);

    if ((old & write.mask) != write.expected) {
        return WRITTEN_NOT;
    }
    const u64 entry = write.mask ? write.entry | (old & ~write.mask) : write.entry;
    return write_entry_locked(terms, level, slot, &old, entry_installed(level, entry), left);
}

/* Unlocks `table`, after the write of its entry `index` with this result. */
ALWAYS_INLINE void write_unlock(struct vmmu_frame *table, u32 index, enum written written)
{
    if (written == WRITTEN_FRAME) {
        use_mark_part(table, index);
    }
    type_unlock_frame(table);
}

/* The slow path of write_ended, with the same contract. */
bool write_release(struct vmmu_vcpu *vcpu, enum written written, u64 left, u64 *counter);

/* Ends a quick write, which does not take the slow path and which nothing can interrupt, after its
 * table, one of the vCPU's domain, was unlocked: releases the entry `left`, if that is not 0, and
 * counts the write in *counter, a member of vcpu->counted. Returns whether the entry was
 * written. */
ALWAYS_INLINE bool write_ended(struct vmmu_vcpu *vcpu, enum written written, u64 left, u64 *counter)
{
    if (left || written == WRITTEN_NOT) {
        return write_release(vcpu, written, left, counter);
    }
    ++*counter;
    if (written >= WRITTEN_RIGHT) {
        vcpu->counted.entries_checked++;
    }
    return true;
}

/* The fast path: does `write` in a table of this level, which exists. Takes and releases the
 * table's lock; the caller needs no reference on the table. False: the entry is unchanged, because
 * the table is not a live table of this level and of its owner, or has entries of device frames,
 * the slot is the hypervisor's, the entry may map frames of another owner, a conditional write
 * found another entry than the expected one, or the write needs a check, a flush, a promotion, a
 * demotion or a wait that only the slow path does. The caller then takes the slow path, which also
 * finds out whether the write is refused. `write` is passed by value so that the compiler keeps it
 * in registers. */
ALWAYS_INLINE bool write_entry_fast(const struct write write, u32 level)
{
    const u16 owner = write.owners.table;
    u64 left = 0;

    if (write.owners.frame != owner || !entry_slot_is_guests(level, write.index) ||
        !write_lock(write.table, level, owner, WRITE_NOT_FAST)) {
        return false;
    }
    const enum written written = write_locked(write, level, &left);
    write_unlock(frame_of(write.table), write.index, written);
    write.vcpu->counted.entries_checked += written >= WRITTEN_RIGHT;
    if (left) {
        write_put_entry(write.vcpu, level, left, owner);
    }
    return written != WRITTEN_NOT;
}

#endif
