/* SPDX-License-Identifier: MIT */
/* The TLB of this CPU. */
#include "hypervisor/cpu/tlb.h"
#include "hypervisor/cpu/asm.h"
#include "hypervisor/cpu/cpu.h"
#include "vmmu/vmmu.h"

void tlb_flush(void)
{
    vmmu_cpu_flushing(this_cpu()->number);
    write_cr3(read_cr3());
    vmmu_cpu_flushed(this_cpu()->number);
}
