/* SPDX-License-Identifier: MIT */
/* Stale translations: which CPUs may still have one, and must flush before a frame changes its use.
 *
 * Each domain has a flush clock, which is advanced before each flush of a CPU that may run the
 * domain. After the flush that CPU publishes the new value as its epoch. When a use of a frame
 * ends, the clock of the frame's owner is read; that epoch is recorded in the frame. If a CPU's
 * epoch is greater than the frame's, its flush began after the use ended, and it has no stale
 * translation.
 *
 * A frame keeps only the low bits of an epoch. They are read back as the latest clock value with
 * these bits. So an old epoch can appear too recent, which costs an unnecessary flush, but never
 * too old, which would omit a necessary one. Each domain has its own clock, because all CPUs would
 * write a common one. */
#ifndef VMMU_FLUSH_H
#define VMMU_FLUSH_H

#include <stdatomic.h>

#include "vmmu/engine.h"

/* Returns the flush clock and CPU epochs of domain `id`. Two domains may share them; each then sees
 * the flushes of both, which is correct. */
static inline struct flush_times *flush_times(u16 id)
{
    return &vmmu_engine.times[id % FLUSH_CLOCKS];
}

/* Returns the flush clock of domain `id`, as the epoch of a use that has ended. The caller has
 * removed the entry before by an atomic read-modify-write, so that this load cannot be executed
 * before that. */
static inline u64 flush_clock(u16 id)
{
    return atomic_load_explicit(&flush_times(id)->clock, memory_order_seq_cst);
}

/* Returns the epoch of domain `id` that is stored as its low `bits` in `epoch`: the latest clock
 * value with these low bits. */
u64 flush_epoch_read(u16 id, u64 epoch, u32 bits);

/* Makes each CPU that may have translations of `domain`, and whose last flush did not begin after
 * the epoch `since`, flush, and returns when all have. True: at least one had to. */
bool flush_since(const struct vmmu_domain *domain, u64 since);

/* Flushes as needed before a frame of `domain` changes its type. `use`: the frame's type word
 * before, with count 0, which contains its last type and the epoch. */
void flush_for_type_change(struct vmmu_domain *domain, u64 use);

#endif
