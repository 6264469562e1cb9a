/* SPDX-License-Identifier: MIT */
/* Address spaces: the root in this CPU's CR3, and flushes of this CPU's TLB.
 *
 * This file and space.c are the only C code that writes CR3 (tests/lint/cr3 checks it). Assembly
 * does so in two files:
 *   boot/head.S   loads the boot tables, and on a CPU that starts later the hypervisor's own root
 *                 (other_root, which boot/smp.c fills);
 *   cpu/entry*.S  switch between the two roots of one vCPU, on its way between user and kernel
 *                 mode. They load struct vcpu's kernel_cr3 and user_cr3, which vcpu/ fills with
 *                 what space_cr3 returns, and nothing else.
 *
 * Every load of CR3 drops this CPU's translations of guest memory and of the M2P. The translations
 * of the hypervisor's other addresses are global and stay. */
#ifndef MEMORY_SPACE_H
#define MEMORY_SPACE_H

#include "hypervisor/cpu/asm.h"
#include "lib/addr.h"

struct vmmu_domain;

/* The value of CR3 for the root `root`. Only values from this function may be loaded. */
static inline u64 space_cr3(mfn_t root)
{
    return root.n << PAGE_SHIFT;
}

/* Loads `cr3`, a root of `domain`. From now on this CPU counts as running `domain`, and the flush
 * is reported to the virtual MMU. The caller has set this CPU's bit in domain->cpus before, and has
 * references that keep the root. */
void space_load(struct vmmu_domain *domain, u64 cr3);

/* Loads `cr3`, another root of the domain that this CPU runs, or the root that is built at boot.
 * This flush is not reported to the virtual MMU, which may therefore request one flush more than
 * needed. */
static inline void space_load_root(u64 cr3)
{
    write_cr3(cr3);
}

/* Loads the idle root: this CPU runs no domain from now on. */
void space_load_idle(void);

/* Flushes this CPU's translations of guest memory by loading CR3 with its present value, and
 * reports the flush to the virtual MMU. May be called on an idle CPU, and with locks held. */
void space_flush(void);

#endif
