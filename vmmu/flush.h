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
 * too old, which would omit a necessary one. There is not one clock for all domains, because all
 * CPUs would write it; only domains whose numbers differ by a multiple of FLUSH_CLOCKS share
 * one. */
#ifndef VMMU_FLUSH_H
#define VMMU_FLUSH_H

#include <stdatomic.h>

#include "vmmu/engine.h"

/* Returns the flush clock of domain `id`, together with the epochs of the CPUs. Two domains may
 * share them; each then sees the flushes of both, which is correct as long as a flush of a CPU
 * drops the translations of every domain from its TLB. */
static inline struct flush_times *flush_times(u16 id)
{
    return &vmmu_engine.times[id % FLUSH_CLOCKS];
}

/* Returns the present value of the flush clock of domain `id`: the epoch of a use that has just
 * ended. If the use was an entry, the entry was removed by an atomic read-modify-write, so that
 * this load cannot be executed before the removal. */
static inline u64 flush_clock(u16 id)
{
    return atomic_load_explicit(&flush_times(id)->clock, memory_order_seq_cst);
}

/* Records that an entry of an L2 table of domain `id`, or such a table, is about to drop its type
 * reference on an L1 table: since the epoch `since` no processor reaches the L1 table by it. */
static inline void flush_note_unlinked(u16 id, u64 since)
{
    _Atomic u64 *const unlinked = &flush_times(id)->unlinked;
    u64 old = atomic_load_explicit(unlinked, memory_order_relaxed);
    while (old < since && !atomic_compare_exchange_weak_explicit(
                              unlinked, &old, since, memory_order_release, memory_order_relaxed)) {
    }
}

/* Returns the epoch at which the use of an L1 table of domain `id` by processors ended, at the
 * latest, after its last type reference was dropped. A pin is no such use: what counts is when the
 * last entry that led to the table was dropped, and that is no later than when the last entry that
 * led to any L1 table of the domain was. */
static inline u64 flush_unlinked(u16 id)
{
    return atomic_load_explicit(&flush_times(id)->unlinked, memory_order_acquire);
}

/* Returns the epoch of domain `id` of which `epoch` holds the low `bits` bits: the latest value, up
 * to now, of the domain's clock that has these low bits. */
u64 flush_epoch_read(u16 id, u64 epoch, u32 bits);

/* Flushes each CPU that may have translations of `domain` (domain->cpus), except those whose latest
 * flush began after the epoch `since`. Returns when all of them have flushed. True: at least one
 * CPU had to flush. */
bool flush_since(struct vmmu_domain *domain, u64 since);

/* Says whether the flush that flush_for_type_change would do for a frame that was a table, and is
 * claimed, is not needed because each CPU has flushed already; then counts it as skipped. */
bool flush_is_past(struct vmmu_domain *domain, u64 use);

/* Flushes the CPUs that may have a stale translation of a frame of `domain`, which the caller has
 * claimed for another type than its last one, and counts the flush as sent or skipped. `use`: the
 * frame's type word before the claim, with count 0, which contains the last type and the epoch at
 * which that use ended. */
void flush_for_type_change(struct vmmu_domain *domain, u64 use);

#endif
