/* SPDX-License-Identifier: MIT */
/* Takes the place of hypervisor/cpu/cpu.h in tests on the host: this_cpu() ends a program that
 * calls it on the stack of its main thread. No struct cpu is there: it would point into the
 * program's own data. */
#ifndef TESTS_CHECKED_CPU_H
#define TESTS_CHECKED_CPU_H

#define this_cpu this_cpu_by_stack
#include_next "hypervisor/cpu/cpu.h"
#undef this_cpu

#ifndef __ASSEMBLER__
#define MAIN_STACK (8u << 20) /* bytes, the usual limit */

extern void *__libc_stack_end; /* the C library's: the main thread's stack pointer at the start */

static inline struct cpu *this_cpu(void)
{
    struct cpu *cpu = this_cpu_by_stack();
    const u64 end = (u64)__libc_stack_end;

    if ((u64)cpu < end && (u64)cpu > end - MAIN_STACK) {
        __builtin_trap();
    }
    return cpu;
}
#endif

#endif
