/* SPDX-License-Identifier: MIT */
/* The start of the engine. */
#include "vmmu/engine.h"

#include <stdatomic.h>

struct engine vmmu_engine;

void vmmu_start(struct vmmu_frame *frames, u64 count, u64 *m2p, const u64 hypervisor_slots[16],
                bool l1tf)
{
    vmmu_engine.frames = frames;
    vmmu_engine.count = count;
    vmmu_engine.m2p = m2p;
    vmmu_engine.l1tf = l1tf;
    vmmu_engine.devices.id = VMMU_OWNER_DEVICE;
    vmmu_engine.hypervisor.id = VMMU_OWNER_HYPERVISOR;
    for (u32 i = 0; i < ARRAY_LENGTH(vmmu_engine.hypervisor_slots); i++) {
        vmmu_engine.hypervisor_slots[i] = hypervisor_slots[i];
    }
    /* Each clock starts at 1, so every epoch is at least 1. A CPU's epoch of 0 means that the CPU
     * has not flushed yet: it is less than every epoch of a frame. */
    for (u32 i = 0; i < FLUSH_CLOCKS; i++) {
        atomic_store(&vmmu_engine.times[i].clock, 1);
        atomic_store(&vmmu_engine.times[i].unlinked, 1);
        for (u32 cpu = 0; cpu < VMMU_CPUS_MAX; cpu++) {
            atomic_store_explicit(&vmmu_engine.times[i].done[cpu], 0, memory_order_relaxed);
        }
    }
}
