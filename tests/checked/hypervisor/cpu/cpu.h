/* SPDX-License-Identifier: MIT */
/* hypervisor/cpu/cpu.h for the tests that are programs of the host: this_cpu() ends the program
 * where there is no CPU, on the stack that it has been started with. There it would point into that
 * stack, to zeroes or to anything else, by chance. */
#ifndef TESTS_CHECKED_CPU_H
#define TESTS_CHECKED_CPU_H

#define this_cpu this_cpu_by_stack
#include_next "hypervisor/cpu/cpu.h"
#undef this_cpu

#ifndef __ASSEMBLER__
#define STARTED_WITH (8u << 20) /* bytes, the usual limit */

extern void *__libc_stack_end; /* the C library's: the stack pointer at the start */

static inline struct cpu *this_cpu(void)
{
    struct cpu *cpu = this_cpu_by_stack();
    const u64 end = (u64)__libc_stack_end;

    if ((u64)cpu < end && (u64)cpu > end - STARTED_WITH) {
        __builtin_trap();
    }
    return cpu;
}
#endif

#endif
