/* SPDX-License-Identifier: MIT */
/* Setting up a CPU: its region, its control registers and its stack. */
#ifndef CPU_START_H
#define CPU_START_H

#include "lib/types.h"

struct cpu;

/* Fills the tables that all CPUs share: the IDT and the GDT's reserved page. Once, before
 * cpu_load. */
void cpu_start_tables(void);

/* Allocates and maps the region of CPU `number` and fills its struct cpu. May be executed on
 * another CPU than that. NULL: no memory; the number must not be used again. */
struct cpu *cpu_build(u32 number);

/* Prepares the CPU that executes it: loads its descriptor tables, and sets its control registers
 * and MSRs. Once on each CPU, which then continues on its own stack (cpu_enter_stack). False: the
 * CPU lacks a feature that the first CPU has. */
bool cpu_load(struct cpu *cpu);

/* Makes this CPU, which is on its own stack, enter the hypervisor by the entries without fast paths
 * for hypercalls and page faults (`traced`), or by those with them. */
void cpu_use_entries(bool traced);

/* Switches to the top of the main stack of `cpu`, which is this CPU, and calls `then`, which must
 * not return. */
_Noreturn void cpu_enter_stack(struct cpu *cpu, void (*then)(void));

/* As cpu_enter_stack, after mapping the set cpu->next_stacks in the CPU's region, on a root that
 * maps all memory. Clears the general registers: nothing in them is left of what the CPU has done
 * before. */
_Noreturn void cpu_enter_stacks(struct cpu *cpu, void (*then)(void));

#endif
