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
    struct vcpu *current;
};

struct cpu *this_cpu(void);

#endif
