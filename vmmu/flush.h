/* SPDX-License-Identifier: MIT */
/* Stale translations: who may still hold one, and so must flush before a frame changes its use.
 *
 * A domain has a clock that ticks before each flush of a CPU that may run it; the CPU publishes
 * that tick after the flush. A stamp is the clock of a frame's owner, read after a use ended. A
 * published tick greater than a stamp thus proves that the flush began after that use. A stamp is
 * kept in few bits and read back as the latest clock value that has them, so that age can only make
 * it look younger: then a flush too many happens, never one too few. Each domain has its own,
 * because one for all would be a word that all CPUs write. */
#ifndef VMMU_FLUSH_H
#define VMMU_FLUSH_H

#include <stdatomic.h>

#include "vmmu/engine.h"

/* The times of domain `id`. Two domains may share them: they are no less right for that. */
static inline struct flush_times *flush_times(u16 id)
{
    return &vmmu_engine.times[id % FLUSH_CLOCKS];
}

/* The clock of domain `id`, for a stamp. The caller's entry is gone by an atomic read-modify-write
 * before, which this load cannot overtake. */
static inline u64 flush_clock(u16 id)
{
    return atomic_load_explicit(&flush_times(id)->clock, memory_order_seq_cst);
}

/* The latest value of that clock that the stored low `bits` can stand for. */
u64 flush_epoch_read(u16 id, u64 stamp, u32 bits);

/* Returns when every CPU that may hold translations of `domain` has flushed after `since` by its
 * clock. True if any had to be asked. */
bool flush_since(const struct vmmu_domain *domain, u64 since);

/* Frame of `domain` leaves the use that its type word `use` (at count 0) tells, for another. */
void flush_for_type_change(struct vmmu_domain *domain, u64 use);

#endif
