/* SPDX-License-Identifier: MIT */
/* The fields of a CPU that hypercalls use. This header comes before hypervisor/cpu/cpu.h in the
 * include path. */
#ifndef CPU_CPU_H
#define CPU_CPU_H

#include "lib/types.h"

struct vcpu;

struct cpu {
    bool work;
    u32 number;
    u32 apic_id;
    struct vcpu *current;
};

struct cpu *this_cpu(void);
u32 cpu_count(void);
struct cpu *cpu_at(u32 number);

#endif
