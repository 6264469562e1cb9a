/* SPDX-License-Identifier: MIT */
/* Replaces hypervisor/cpu/asm.h when clock.c and pit.c are compiled for test_clock.c: the
 * instructions that read the time are functions of the test. */
#ifndef CPU_ASM_H
#define CPU_ASM_H

#include "lib/types.h"

struct cpuid {
    u32 eax, ebx, ecx, edx;
};

u64 read_tsc(void);
struct cpuid read_cpuid(u32 leaf, u32 subleaf);
void out8(u16 port, u8 value);
u8 in8(u16 port);

#endif
