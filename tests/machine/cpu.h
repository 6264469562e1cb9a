/* SPDX-License-Identifier: MIT */
/* The fake machine's CPUs. Each walks the real tables in the fake frames, and keeps every
 * translation and every cached walk until it is flushed. The architecture allows a processor to
 * keep all of them. */
#ifndef TESTS_MACHINE_CPU_H
#define TESTS_MACHINE_CPU_H

#include "vmmu/vmmu.h"

void cpu_reset_all(void);

/* Loads a root. MFN_NONE: the CPU then has no root. Without machine.pcid this flushes the CPU. With
 * it, translations are kept as the hypervisor keeps them, and the test fails if one of those of
 * this root says more than the tables do. */
void cpu_load_root(u32 cpu, mfn_t root);

/* Flushes all of a CPU's translations and cached walks, and reports the flush to the engine. */
void cpu_flush(u32 cpu);

/* A guest's own load or store of the 8 bytes at `va`. Returns false if it faults. */
bool cpu_load(u32 cpu, vaddr_t va, u64 *value);
bool cpu_store(u32 cpu, vaddr_t va, u64 value);

/* Returns how many translations a CPU has by the root that is loaded. */
u32 cpu_kept(u32 cpu);

/* Says whether any CPU holds a translation to `m`, or a cached walk through it, with which a guest
 * could come to reach it. */
bool cpu_any_translates_to(mfn_t m);

#endif
