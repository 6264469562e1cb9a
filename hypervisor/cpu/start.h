/* SPDX-License-Identifier: MIT */
/* Setting up a CPU: its region, its control registers and its stack. */
#ifndef CPU_START_H
#define CPU_START_H

#include "lib/types.h"

struct cpu;

/* Prepares what all CPUs share: the IDT and the GDT's reserved page. Once, before cpu_build. */
void cpu_start_tables(void);

/* Builds the region of CPU `number`; any CPU may do so for another. NULL: no memory; the number
 * must then not be tried again. */
struct cpu *cpu_build(u32 number);

/* On the CPU itself: loads its descriptor tables, and sets its control registers and MSRs. The
 * first CPU then leaves the boot stack by cpu_enter_stack. False: the CPU lacks a feature that the
 * first CPU has. */
bool cpu_load(struct cpu *cpu);

/* Continues with `then` on the CPU's own stack. */
_Noreturn void cpu_enter_stack(struct cpu *cpu, void (*then)(void));

#endif
