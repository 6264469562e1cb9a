/* SPDX-License-Identifier: MIT */
/* this_cpu() computes the CPU from the stack pointer. Code that calls it runs on a stack that lies
 * in a region as a CPU's does. */
#ifndef UNIT_SCHED_STACK_H
#define UNIT_SCHED_STACK_H

#include "hypervisor/cpu/cpu.h"

/* Calls function(argument) on the stack of `cpu`. */
void call_as(struct cpu *cpu, void (*function)(void *), void *argument);

#endif
