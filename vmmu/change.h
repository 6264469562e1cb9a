/* SPDX-License-Identifier: MIT */
/* One change of one entry of a live table. */
#ifndef VMMU_CHANGE_H
#define VMMU_CHANGE_H

#include "vmmu/entry.h"

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

#define CHANGE_KEEP_AD (ENTRY_ACCESSED | ENTRY_DIRTY)

/* How often the processor may change an entry's accessed and dirty bits under a conditional change
 * before that gives way. */
#define CHANGE_TRIES 8

/* A change of the entry at `at`, 8-byte aligned, in a table of `table_owner`, which may show frames
 * of `frame_owner`. */
static inline struct change change_of(struct vmmu_vcpu *vcpu, struct vmmu_domain *table_owner,
                                      struct vmmu_domain *frame_owner, maddr_t at, u64 entry)
{
    struct change change;

    /* Each by itself: the compiler would clear the whole first. */
    change.vcpu = vcpu;
    change.owners = (struct entry_owners){table_owner->id, frame_owner->id};
    change.index = (u32)(page_offset(at.a) / sizeof(u64));
    change.table = mfn_of(at);
    change.entry = entry;
    change.keep = 0;
    change.mask = 0;
    change.expected = 0;
    change.word = at.a;
    change.done = false;
    return change;
}

/* The change of a live table of this level; the caller has a reference on it. A conditional one has
 * all bits in its mask. VMMU_AGAIN besides:
 * the table changed under our eyes, or a conditional change found another entry (`done` is false
 * then). */
enum vmmu_result change_entry(struct change *change, u32 level);

/* The short way, if the table is a live one of its owner's and of this level, and nothing has to be
 * flushed, promoted, demoted, freed or waited for. Needs no reference on the table, whose lock
 * keeps it what it is. False: nothing has happened, and it takes the long way. */
bool change_shortly(struct change *change, u32 level);

/* Drops what `entry`, gone from a table of this level, held on to. */
void change_let_go(const struct change *change, u32 level, u64 entry);

#endif
