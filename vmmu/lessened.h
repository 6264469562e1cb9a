/* SPDX-License-Identifier: MIT */
/* Lessened entries: whether a CPU may keep a guest's translations when it loads another root.
 *
 * A guest takes it for granted that a load of a root drops every translation. A machine may keep
 * the translations of a root all the same, as long as none of them can differ from the domain's
 * tables in a way that the guest would notice. Such a difference comes about when an entry of a
 * live table is lessened: it was present, and afterwards it maps nothing or another frame, has
 * other rights, or has lost its accessed or dirty bit. More rights count, too, because a processor
 * may fault by an old translation without another walk (Intel SDM, volume 3A, 4.10.4.3). It keeps
 * no entry that is not present.
 *
 * Each domain has one word, `lessened`: a generation in the upper bits, and in the lowest bit
 * whether an entry was lessened since that generation began. Who lessens an entry exchanges it,
 * then reads the word, and sets the bit unless it is set. Who loads a root reads the word and, if
 * the bit is set, replaces it by the next generation (vmmu_generation). All of these accesses are
 * sequentially consistent. docs/counting.md, section 5, says why two words would not do.
 *
 * On a machine that never calls vmmu_generation the bit stays set for ever, and the word costs no
 * more than the test of it. */
#ifndef VMMU_LESSENED_H
#define VMMU_LESSENED_H

#include "vmmu/entry.h"

/* The lowest bit of vmmu_domain.lessened, and what is added to begin the next generation. */
#define LESSENED_SINCE 1ull

/* Records that an entry of a table of `domain` was lessened. */
void lessened_mark(struct vmmu_domain *domain);

/* Says whether the change of an entry of a live table from `old` to `next` lessens it. */
static inline bool lessened_by(u64 old, u64 next)
{
    /* The bits that matter in either direction: they lead elsewhere, to other rights or to another
     * memory type. Of the others those that the entry lost. */
    const u64 both = PTE_ADDRESS | ENTRY_CACHE | PTE_WRITABLE | PTE_NX;
    return (old & PTE_PRESENT) && (((old ^ next) & both) | (old & ~next));
}

/* The slow path of lessened_note. */
void lessened_note_slow(struct vmmu_domain *domain, u64 old, u64 next);

/* Called after an entry `old` of a live table of `domain` has been exchanged for `next`, by an
 * atomic read-modify-write: records the change if it lessens the entry. The entry may have been
 * changed again meanwhile. */
ALWAYS_INLINE void lessened_note(struct vmmu_domain *domain, u64 old, u64 next)
{
    if (!(atomic_load_explicit(&domain->lessened, memory_order_seq_cst) & LESSENED_SINCE)) {
        lessened_note_slow(domain, old, next);
    }
}

#endif
