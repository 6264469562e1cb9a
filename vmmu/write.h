/* SPDX-License-Identifier: MIT */
/* The write of one entry of a live table: its description, the lock, and the slow path. The fast
 * path is in write_inline.h. */
#ifndef VMMU_WRITE_H
#define VMMU_WRITE_H

#include "vmmu/entry.h"

/* The description of a write of one entry, and its result. */
struct write {
    struct vmmu_vcpu *vcpu;
    struct vmmu_domain *domain; /* the owner of `table` */
    struct entry_owners owners;
    u32 index; /* the slot of the entry in `table` */
    mfn_t table;
    u64 entry; /* the new entry as the guest wants it, before entry_installed changes it. In a
                  conditional write its bits outside `mask` are 0; these come from the old entry */
    u64 keep;  /* the bits that the new entry keeps from the old one; 0 in a conditional write */
    u64 mask; /* not 0: the write is conditional. It is done only if the old entry equals `expected`
                 in the bits of `mask`, and changes only these bits. The bits of `expected` outside
                 `mask` are 0. */
    u64 expected;
    u64 restrictions; /* slow path: vmmu_engine.restrictions before the entry was checked */
    u64 word;         /* result: the word to report if the write is refused */
    bool done; /* result of a conditional write on the slow path: whether the entry was written */
};

/* The value of write.keep that preserves the accessed and dirty bits of the old entry. */
#define WRITE_KEEP_AD (PTE_ACCESSED | PTE_DIRTY)

/* How often a conditional write is tried in all, if each time the processor sets the accessed or
 * dirty bit of the entry after its expected value was read. After the last try the operation
 * returns VMMU_AGAIN. */
#define WRITE_TRIES_MAX 8

/* Returns the description of an unconditional write of `entry` to the slot that contains the
 * machine address `at`, in a table of `table_owner`; the entry may map frames of `frame_owner`. */
static inline struct write write_of(struct vmmu_vcpu *vcpu, struct vmmu_domain *table_owner,
                                    struct vmmu_domain *frame_owner, maddr_t at, u64 entry)
{
    /* All members are named: otherwise the compiler clears the whole struct first. */
    return (struct write){.vcpu = vcpu,
                          .domain = table_owner,
                          .owners = {table_owner->id, frame_owner->id},
                          .index = (u32)(page_offset(at.a) / sizeof(u64)),
                          .table = mfn_of(at),
                          .entry = entry,
                          .keep = 0,
                          .mask = 0,
                          .expected = 0,
                          .restrictions = 0,
                          .word = at.a,
                          .done = false};
}

/* Takes a reference on the page at machine address `at` if it is a live L1 table of the vCPU's
 * domain. Refuses, with no reference taken: BAD_ADDRESS (not 8-byte aligned), BAD_FRAME, NOT_OWNER,
 * TOO_MANY_REFERENCES, NOT_L1_TABLE. */
enum vmmu_result write_get_l1_table(const struct vmmu_vcpu *vcpu, maddr_t at);

/* For a table that has just been locked: unlocks it if it is not `owner`'s, and returns false. */
ALWAYS_INLINE bool write_keep_lock(struct vmmu_frame *table, u16 owner)
{
    if (ref_is_owned_by(word_read(&table->references), owner)) {
        return true;
    }
    type_unlock_frame(table);
    return false;
}

/* Locks `table`, which exists, if it is a live table of this level and of domain `owner`, and its
 * type word has no bit of `without`; waits while another CPU has it locked. type_unlock unlocks it.
 * False: it is not such a table, and nothing is locked. The caller needs no reference on the table:
 * a locked table stays a table, a table has a reference from each of its users, and a frame with a
 * reference keeps its owner. That is why the owner is compared under the lock. */
ALWAYS_INLINE bool write_lock(mfn_t table, u32 level, u16 owner, u64 without)
{
    return type_lock(table, (enum vmmu_type)level, without) &&
           write_keep_lock(frame_of(table), owner);
}

/* As write_lock for a write of entry `index`, but does not wait; the table's part with that entry
 * is marked already (use_mark_part). False also if another CPU has the table locked. */
ALWAYS_INLINE bool write_try_lock(struct vmmu_frame *table, u32 level, u16 owner, u64 without,
                                  u32 index)
{
    return type_try_lock(table, (enum vmmu_type)level, without, use_part(index)) &&
           write_keep_lock(table, owner);
}

/* The slow path: does `write` in a live table of this level, on which the caller has a reference.
 * Takes and releases the table's lock. In a conditional write all bits of `mask` must be set. The
 * vCPU has no deferred release before; it may have one afterwards. Refuses what vmmu_update refuses
 * of an entry; write->word is then the word to report. VMMU_AGAIN, with the entry unchanged and, if
 * the write is conditional, write->done false: entry_get returned VMMU_AGAIN; or the table is no
 * longer a live one of this level and owner; or the write is conditional and the old entry is not
 * the expected one. */
enum vmmu_result write_entry_slow(struct write *write, u32 level);

/* Does the conditional `write` at level 1, with an entry whose references the caller has taken and
 * which is in the form that a live table holds: no check, and nothing is taken. True: the entry was
 * written, it has those references, and the references of the old entry were dropped as
 * write_put_entry does it. False, with the entry unchanged: the table is no longer a live one of
 * this owner, or the old entry is not the expected one. All bits of `mask` must be set. */
bool write_entry_held(struct write *write);

/* Drops the references taken for `entry`, which is not, or not any more, in a table of this level
 * and of domain `table_owner`; at level 1 it flushes first if the target has another owner. Does
 * nothing if `entry` is not present. If the demotion that this begins is interrupted, the rest
 * becomes the vCPU's deferred release; the vCPU has none before. */
void write_put_entry(struct vmmu_vcpu *vcpu, u32 level, u64 entry, u16 table_owner);

#endif
