/* SPDX-License-Identifier: MIT */
/* The TLB of this CPU. */
#include "hypervisor/memory/space.h"
#include "hypervisor/cpu/asm.h"
#include "hypervisor/cpu/cpu.h"
#include "hypervisor/domain/domain.h"
#include "vmmu/vmmu.h"

void tlb_load(u64 cr3)
{
    const struct cpu *cpu = this_cpu();
    const struct vmmu_domain *domain = cpu->current ? &cpu->current->domain->mmu : NULL;
    u64 begun = domain ? vmmu_flush_begins(domain) : 0;

    write_cr3(cr3);
    if (domain) {
        vmmu_flush_ends(domain, cpu->number, begun);
    }
}

void tlb_flush(void)
{
    tlb_load(read_cr3());
}
