/* SPDX-License-Identifier: MIT */
/* Address spaces: what this CPU's CR3 holds, and how its TLB is flushed.
 *
 * This file and space.c are the only C code that writes CR3 (tests/lint/cr3 checks it). Assembly
 * does so in two files:
 *   boot/head.S   loads the boot tables, and on a CPU that starts later the hypervisor's own root
 *                 (other_root, which boot/smp.c fills);
 *   cpu/entry*.S  switch between the two roots of one vCPU, on its way between user and kernel
 *                 mode. They load struct vcpu's kernel_cr3 and user_cr3, which vcpu/ fills with
 *                 what space_cr3 returns, and nothing else.
 *
 * Every load of CR3 drops this CPU's translations of guest memory; those of the hypervisor are
 * global and stay. */
#ifndef MEMORY_SPACE_H
#define MEMORY_SPACE_H

#include "hypervisor/cpu/asm.h"
#include "lib/addr.h"

struct vmmu_domain;

/* The value of CR3 for the L4 table `root`: the only kind of value that may be loaded. */
static inline u64 space_cr3(mfn_t root)
{
    return root.n << PAGE_SHIFT;
}

/* Switches this CPU to the root `cr3` of `domain`, which it runs from here on, and reports the
 * flush to the virtual MMU. The caller has added this CPU to domain->cpus, and holds the root. */
void space_load(struct vmmu_domain *domain, u64 cr3);

/* Switches to another root `cr3` of the domain that this CPU runs, or to the root that is built
 * at boot. The virtual MMU does not learn of this flush, and may ask for one more. */
static inline void space_load_root(u64 cr3)
{
    write_cr3(cr3);
}

/* Switches to the hypervisor's own root: this CPU runs no domain from here on. */
void space_load_idle(void);

/* Flushes this CPU's translations of guest memory, by loading the same root again, and reports the
 * flush to the virtual MMU. Callable on an idle CPU, and while locks are held. */
void space_flush(void);

#endif
