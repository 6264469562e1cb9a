/* SPDX-License-Identifier: MIT */
/* Stale translations: the clock, the CPUs' flushes, and who must be asked for one. */
#include "vmmu/flush.h"

#include "vmmu/frame.h"
#include "vmmu/port.h"

static u64 tick(void)
{
    return atomic_fetch_add_explicit(&vmmu_state.clock, 1, memory_order_seq_cst) + 1;
}

void vmmu_cpu_flushing(u32 cpu)
{
    vmmu_state.cpu[cpu].tick = tick();
    vmmu_state.cpu[cpu].announced = true;
}

void vmmu_cpu_flushed(u32 cpu)
{
    struct cpu_flushes *flushes = &vmmu_state.cpu[cpu];
    atomic_store_explicit(&flushes->done, flushes->tick, memory_order_release);
    if (!flushes->announced) {
        /* The next one may come unannounced as well: at least it begins after now. */
        flushes->tick = tick();
    }
    flushes->announced = false;
}

u64 flush_stamp_read(u64 stamp, u32 bits)
{
    const u64 now = flush_clock();
    return now - ((now - stamp) & ((1ull << bits) - 1));
}

bool flush_since(const struct vmmu_domain *domain, u64 since)
{
    u64 stale = 0;
    u64 left = atomic_load_explicit(&domain->cpus, memory_order_seq_cst);
    for (; left; left &= left - 1) {
        const u32 cpu = (u32)__builtin_ctzll(left);
        if (atomic_load_explicit(&vmmu_state.cpu[cpu].done, memory_order_acquire) <= since) {
            stale |= 1ull << cpu;
        }
    }
    if (stale) {
        port_flush(stale);
    }
    return stale != 0;
}

void flush_for_type_change(struct vmmu_domain *domain, u64 use)
{
    /* Segment registers cache descriptors by rules of their own: no stamp proves anything then. */
    const u64 since = use_type(use) == TYPE_DESCRIPTOR
                          ? flush_clock()
                          : flush_stamp_read(use_place(use), USE_PLACE_BITS);
    count_up(&domain->counters.flushes_asked, 1);
    if (flush_since(domain, since)) {
        count_up(&domain->counters.flushes_sent, 1);
    } else {
        count_up(&domain->counters.flushes_skipped, 1);
    }
}
