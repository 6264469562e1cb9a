/* SPDX-License-Identifier: MIT */
/* this_cpu() looks at the stack pointer: what calls it runs on a stack that lies as a CPU's does.
 */
#ifndef UNIT_SCHED_STACK_H
#define UNIT_SCHED_STACK_H

#include "hypervisor/cpu/cpu.h"

/* Calls function(argument) as `cpu`. */
void call_as(struct cpu *cpu, void (*function)(void *), void *argument);

#endif
