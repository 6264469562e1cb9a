/* SPDX-License-Identifier: MIT */
/* Address spaces: loads of CR3. */
#include "hypervisor/memory/space.h"
#include "hypervisor/cpu/cpu.h"
#include "hypervisor/memory/map.h"
#include "vmmu/vmmu.h"

/* Loads CR3, which flushes this CPU's TLB, and reports this flush to `domain`, the domain that this
 * CPU runs. */
static inline void load_reported(const struct cpu *cpu, const struct vmmu_domain *domain, u64 cr3)
{
    u64 begun = vmmu_flush_begins(domain);

    write_cr3(cr3);
    vmmu_flush_ends(domain, cpu->number, begun);
}

void space_load(struct vmmu_domain *domain, u64 cr3)
{
    struct cpu *cpu = this_cpu();

    cpu->space = domain;
    load_reported(cpu, domain, cr3);
}

void space_load_idle(void)
{
    this_cpu()->space = NULL;
    write_cr3(space_cr3(map_idle_root()));
}

void space_flush(void)
{
    const struct cpu *cpu = this_cpu();
    u64 cr3 = read_cr3();

    if (cpu->space) {
        load_reported(cpu, cpu->space, cr3);
    } else {
        write_cr3(cr3);
    }
}
