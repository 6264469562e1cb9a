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

/* Says whether note_flushed has recorded that each CPU in `cpus` began its latest flush after the
 * epoch `since`. A CPU's epoch never becomes less, so that what was recorded stays true. */
static bool have_flushed(const struct vmmu_domain *domain, u64 cpus, u64 since)
{
    /* If the version is even, and the same before and after, the two words belong together. */
    const u64 version = atomic_load_explicit(&domain->flushed_version, memory_order_acquire);
    const u64 flushed = atomic_load_explicit(&domain->flushed, memory_order_acquire);
    const u64 of = atomic_load_explicit(&domain->flushed_cpus, memory_order_acquire);
    return flushed > since && !(cpus & ~of) && !(version & 1) &&
           atomic_load_explicit(&domain->flushed_version, memory_order_relaxed) == version;
}

/* Records for have_flushed that the epochs of all CPUs in `cpus` are `least` or greater. Does
 * nothing while another CPU is here. */
static void note_flushed(struct vmmu_domain *domain, u64 cpus, u64 least)
{
    u64 version = atomic_load_explicit(&domain->flushed_version, memory_order_relaxed);

    if ((version & 1) ||
        !atomic_compare_exchange_strong_explicit(&domain->flushed_version, &version, version + 1,
                                                 memory_order_acquire, memory_order_relaxed)) {
        return;
    }
    /* Who reads one of these words sees the odd version. */
    atomic_store_explicit(&domain->flushed, least, memory_order_release);
    atomic_store_explicit(&domain->flushed_cpus, cpus, memory_order_release);
    atomic_store_explicit(&domain->flushed_version, version + 2, memory_order_release);
}

/* Does stale_since for a domain that several CPUs run, with the set of these. */
static __attribute__((noinline)) u64 stale_of_several(struct vmmu_domain *domain, u64 cpus,
                                                      u64 since)
{
    const struct flush_times *times = flush_times(domain->id);
    u64 stale = 0, least = ~0ull;

    if (have_flushed(domain, cpus, since)) {
        return 0;
    }
    for (u64 left = cpus; left; left &= left - 1) {
        const u32 cpu = (u32)__builtin_ctzll(left);
        const u64 done = atomic_load_explicit(&times->done[cpu], memory_order_acquire);
        stale |= done <= since ? left & -left : 0;
        least = done < least ? done : least;
    }
    if (!stale) {
        note_flushed(domain, cpus, least);
    }
    return stale;
}

/* Returns the set of the CPUs that may have translations of `domain` and have not flushed since the
 * epoch `since`. */
static u64 stale_since(struct vmmu_domain *domain, u64 since)
{
    const u64 cpus = atomic_load_explicit(&domain->cpus, memory_order_seq_cst);

    if (cpus & (cpus - 1)) {
        return stale_of_several(domain, cpus, since);
    }
    if (!cpus || atomic_load_explicit(&flush_times(domain->id)->done[__builtin_ctzll(cpus)],
                                      memory_order_acquire) > since) {
        return 0;
    }
    return cpus;
}

bool flush_since(struct vmmu_domain *domain, u64 since)
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
