/* SPDX-License-Identifier: MIT */
/* The engine's start. */
#include "vmmu/state.h"

#include <stdatomic.h>

struct vmmu_state vmmu_state;

void vmmu_start(struct vmmu_frame *frames, u64 count, u64 *m2p, const u64 hypervisor_slots[16],
                bool l1tf)
{
    vmmu_state.frames = frames;
    vmmu_state.count = count;
    vmmu_state.m2p = m2p;
    vmmu_state.l1tf = l1tf;
    for (u32 i = 0; i < ARRAY_LENGTH(vmmu_state.hypervisor_slots); i++) {
        vmmu_state.hypervisor_slots[i] = hypervisor_slots[i];
    }
    /* Tick 0 is before every stamp: no CPU has flushed after anything yet. */
    for (u32 i = 0; i < FLUSH_CLOCKS; i++) {
        atomic_store(&vmmu_state.times[i].clock, 1);
        for (u32 cpu = 0; cpu < VMMU_CPUS_MAX; cpu++) {
            atomic_store_explicit(&vmmu_state.times[i].done[cpu], 0, memory_order_relaxed);
        }
    }
}
