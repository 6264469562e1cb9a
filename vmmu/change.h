/* SPDX-License-Identifier: MIT */
/* One change of one entry of a live table. */
#ifndef VMMU_CHANGE_H
#define VMMU_CHANGE_H

#include "vmmu/entry.h"
#include "vmmu/replace.h"

/* A change on its way. */
struct change {
    struct vmmu_vcpu *vcpu;
    struct entry_owners owners;
    u32 index;
    mfn_t table;
    u64 entry; /* as the guest wants it */
    u64 keep;  /* these bits of the old entry stay as they are */
    u64 mask;  /* not 0: a conditional change, only if the old entry is `expected` where there are
                  bits here, and only there */
    u64 expected;
    u64 word;  /* what was refused */
    bool done; /* conditional: it was */
};

#define CHANGE_KEEP_AD (PTE_ACCESSED | PTE_DIRTY)

/* How often the processor may change an entry's accessed and dirty bits under a conditional change
 * before that gives way. */
#define CHANGE_TRIES 8

/* A change of the entry at `at`, 8-byte aligned, in a table of `table_owner`, which may show frames
 * of `frame_owner`. */
static inline struct change change_of(struct vmmu_vcpu *vcpu, struct vmmu_domain *table_owner,
                                      struct vmmu_domain *frame_owner, maddr_t at, u64 entry)
{
    return (struct change){.vcpu = vcpu,
                           .owners = {table_owner->id, frame_owner->id},
                           .index = (u32)(page_offset(at.a) / sizeof(u64)),
                           .table = mfn_of(at),
                           .entry = entry,
                           .keep = 0, /* and so on: whole, or the compiler clears it all first */
                           .mask = 0,
                           .expected = 0,
                           .word = at.a,
                           .done = false};
}

/* The change of a live table of this level; the caller has a reference on it. A conditional one has
 * all bits in its mask. VMMU_AGAIN besides:
 * the table changed under our eyes, or a conditional change found another entry (`done` is false
 * then). */
enum vmmu_result change_entry(struct change *change, u32 level);

/* Drops what `entry`, gone from a table of this level, held on to. */
void change_let_go(struct vmmu_vcpu *vcpu, u32 level, u64 entry, u16 table_owner);

/* The short way, under the lock. */
FOR_EACH_ENTRY enum replaced change_locked(const struct change change, u32 level, u64 *left)
{
    const struct replacement r = {change.keep, change.owners.table, change.mask != 0};
    _Atomic u64 *slot = &entry_table(change.table)[change.index];
    const u64 old = atomic_load_explicit(slot, memory_order_relaxed);

    if ((old & change.mask) != change.expected) {
        return REPLACED_NOT;
    }
    const u64 entry = change.mask ? change.entry | (old & ~change.mask) : change.entry;
    return replace_at_once(r, level, slot, old, entry_installed(level, entry), left);
}

/* The short way, if the table is a live one of its owner's and of this level, and nothing has to be
 * flushed, promoted, demoted, freed or waited for. Needs no reference on the table, whose lock
 * keeps it what it is. False: nothing has happened, and it takes the long way. (By value, so that
 * it never is in memory.) */
FOR_EACH_ENTRY bool change_shortly(const struct change change, u32 level)
{
    const u16 owner = change.owners.table;
    enum replaced replaced = REPLACED_NOT;
    u64 left = 0;

    if (change.owners.frame != owner || !entry_slot_is_guests(level, change.index) ||
        !type_lock(change.table, (enum vmmu_type)level)) {
        return false;
    }
    /* Only now, and only until it is unlocked, is the owner certain for who has no reference. */
    if (ref_is_owned_by(
            atomic_load_explicit(&frame_of(change.table)->references, memory_order_relaxed),
            owner)) {
        replaced = change_locked(change, level, &left);
    }
    type_unlock(change.table);
    if (replaced == REPLACED_CHECKED) {
        count_up(&change.vcpu->domain->counters.entries_checked, 1);
    }
    if (left) {
        change_let_go(change.vcpu, level, left, owner);
    }
    return replaced != REPLACED_NOT;
}

#endif
