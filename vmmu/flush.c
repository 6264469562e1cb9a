/* SPDX-License-Identifier: MIT */
/* Stale translations: the flush clocks, and which CPUs must flush. */
#include "vmmu/flush.h"

#include "vmmu/frame.h"
#include "vmmu/port.h"

u64 vmmu_flush_begins(const struct vmmu_domain *domain)
{
    return atomic_fetch_add_explicit(&flush_times(domain->id)->clock, 1, memory_order_seq_cst) + 1;
}

void vmmu_flush_ends(const struct vmmu_domain *domain, u32 cpu, u64 begun)
{
    atomic_store_explicit(&flush_times(domain->id)->done[cpu], begun, memory_order_release);
}

u64 flush_epoch_read(u16 id, u64 epoch, u32 bits)
{
    const u64 now = flush_clock(id);
    return now - ((now - epoch) & ((1ull << bits) - 1));
}

/* Returns the set of the CPUs that may have translations of `domain` and have not flushed since the
 * epoch `since`. */
static u64 stale_since(const struct vmmu_domain *domain, u64 since)
{
    const struct flush_times *times = flush_times(domain->id);
    u64 stale = 0;
    u64 left = atomic_load_explicit(&domain->cpus, memory_order_seq_cst);
    for (; left; left &= left - 1) {
        const u32 cpu = (u32)__builtin_ctzll(left);
        if (atomic_load_explicit(&times->done[cpu], memory_order_acquire) <= since) {
            stale |= 1ull << cpu;
        }
    }
    return stale;
}

bool flush_since(const struct vmmu_domain *domain, u64 since)
{
    const u64 stale = stale_since(domain, since);
    if (stale) {
        port_flush(stale);
    }
    return stale != 0;
}

bool flush_is_past(struct vmmu_domain *domain, u64 use)
{
    if (stale_since(domain, flush_epoch_read(domain->id, use_place(use), USE_PLACE_BITS))) {
        return false;
    }
    count_up(&domain->counters.flushes_asked, 1);
    count_up(&domain->counters.flushes_skipped, 1);
    return true;
}

void flush_for_type_change(struct vmmu_domain *domain, u64 use)
{
    /* Processors cache descriptors in segment registers, which no epoch covers: treat the use as
     * having ended just now, so that every CPU of the domain flushes. */
    const u64 since = use_type(use) == VMMU_TYPE_DESCRIPTOR
                          ? flush_clock(domain->id)
                          : flush_epoch_read(domain->id, use_place(use), USE_PLACE_BITS);
    count_up(&domain->counters.flushes_asked, 1);
    if (flush_since(domain, since)) {
        count_up(&domain->counters.flushes_sent, 1);
    } else {
        count_up(&domain->counters.flushes_skipped, 1);
    }
}
