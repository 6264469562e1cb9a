/* SPDX-License-Identifier: MIT */
/* Replaces hypervisor/cpu/asm.h when time/ and cpu/apic.c are compiled for their tests: the
 * instructions are functions of the test. */
#ifndef CPU_ASM_H
#define CPU_ASM_H

#include "lib/types.h"
#include "lib/x86/msr.h"

struct cpuid {
    u32 eax, ebx, ecx, edx;
};

u64 read_tsc(void);
struct cpuid read_cpuid(u32 leaf, u32 subleaf);
void out8(u16 port, u8 value);
u8 in8(u16 port);
u32 in32(u16 port);
u64 read_msr(u32 index);
void write_msr(u32 index, u64 value);

#endif
