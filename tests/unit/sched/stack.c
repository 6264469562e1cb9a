/* SPDX-License-Identifier: MIT */
/* this_cpu() computes the CPU from the stack pointer. Here the caller gets a stack that lies in a
 * region as a CPU's does. */
#include "tests/unit/sched/stack.h"

void call_as(struct cpu *cpu, void (*function)(void *), void *argument)
{
    char *top = (char *)cpu - CPU_STATE + CPU_STACK_END - 128;

    __asm__ volatile("mov %%rsp, %%rbx\n\tmov %0, %%rsp\n\tcall *%1\n\tmov %%rbx, %%rsp"
                     : "+r"(top), "+r"(function), "+D"(argument)
                     :
                     : "rbx", "rax", "rcx", "rdx", "rsi", "r8", "r9", "r10", "r11", "memory", "cc");
}
