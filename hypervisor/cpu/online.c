/* SPDX-License-Identifier: MIT */
/* The CPUs that are online. */
#include "hypervisor/cpu/cpu.h"
#include "hypervisor/memory/layout.h"

static struct {
    _Atomic u32 count;
} online;

u32 cpu_count(void)
{
    return atomic_load_explicit(&online.count, memory_order_acquire);
}

struct cpu *cpu_at(u32 number)
{
    return (struct cpu *)(LAYOUT_CPUS + (u64)number * CPU_REGION + CPU_STATE);
}

void cpu_set_online(struct cpu *cpu)
{
    atomic_store_explicit(&online.count, cpu->number + 1, memory_order_release);
}
