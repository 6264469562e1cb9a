/* SPDX-License-Identifier: MIT */
/* Address spaces: the root in this CPU's CR3, and flushes of this CPU's TLB.
 *
 * This file and space.c are the only C code that writes CR3 or executes INVPCID (tests/lint/cr3
 * checks it). Assembly writes CR3 in two files:
 *   boot/head.S   loads the boot tables, and on a CPU that starts later the hypervisor's own root
 *                 (other_root, which boot/smp.c fills);
 *   cpu/entry*.S  switch between the two roots of one vCPU, on its way between user and kernel
 *                 mode. They load struct vcpu's kernel_cr3 and user_cr3, which vcpu/ fills with
 *                 what space_roots_kept or space_roots_dropped returns, and nothing else.
 *
 * Which translations a load of CR3 drops is chosen at boot, for all CPUs (space_start):
 *   - without PCID each load drops this CPU's translations of guest memory and of the M2P;
 *   - with PCID a load of what space_roots_kept returned drops nothing.
 * The translations of the hypervisor's other addresses are global and stay.
 *
 * With PCID the translations of each root are in a context (lib/contexts.h). All flushes are eager:
 * a context is emptied when it is found not to be good, before its root is loaded, and every flush
 * empties all contexts. When this CPU leaves a domain it gives up its contexts: their translations
 * can stay in the TLB, but no root is loaded with their numbers before these have been emptied.
 *
 * With isolation (space_isolates) a guest's root maps, of the direct map, only that domain's view
 * (memory/view.h). Each CPU has a root of its own beside it, which maps all memory. The hypervisor
 * begins on the guest's root; at its first access to what that root does not map, the page fault
 * (space_fault) loads the own root, on which the CPU stays until it loads one of the guest's. The
 * guest's part of the own root is empty at first, and an L4 entry of it is copied from the guest's
 * root at the first access that needs it; each flush empties it again. Translations are not kept
 * by PCID then, so that every load of a root drops all of them but the global ones, and no
 * translation of what a guest's root does not map is global (map_isolate). */
#ifndef MEMORY_SPACE_H
#define MEMORY_SPACE_H

#include "hypervisor/cpu/asm.h"
#include "lib/addr.h"

struct cpu;
struct vmmu_domain;

/* The value of CR3 for `root`, a root of the hypervisor's own, whose load drops its
 * translations. */
static inline u64 space_cr3(mfn_t root)
{
    return root.n << PAGE_SHIFT;
}

/* Chooses whether translations are kept by PCID: if the processor can and `pcid` is set. On the
 * first CPU, before space_start_cpu. Logs the choice. */
void space_start(bool pcid);

/* What the caller of space_isolate has chosen: the hypervisor isolates guests. */
extern bool space_isolates;

/* Makes the hypervisor isolate guests. Once, on the first CPU, before space_start. */
void space_isolate(void);

/* Allocates the own root of `cpu`, if guests are isolated. False: no memory. */
bool space_build_cpu(struct cpu *cpu);

/* Loads this CPU's own root, if guests are isolated and a guest's root is loaded: for work that is
 * known to need what guests' roots do not map, and would cost a page fault otherwise. */
void space_own(void);

/* Loads `cr3`, of struct space_roots for the vCPU that this CPU runs, which is entered next: the
 * CPU is no longer away (struct cpu). */
void space_return(u64 cr3);

/* Serves a page fault of the hypervisor's at `address`. `root`: the root of the present mode of the
 * vCPU that this CPU runs. False: the fault was none of isolation's; the CPU is as before. */
bool space_fault(u64 address, mfn_t root);

/* Prepares this CPU for what space_start has chosen. Once on each CPU, with a root of the
 * hypervisor's own loaded. False: the CPU cannot do it. */
bool space_start_cpu(void);

/* The values of CR3 for the two roots of a vCPU. */
struct space_roots {
    u64 kernel, user; /* user 0: there is no user root */
};

/* What space_start has chosen, the same for all CPUs: translations are kept. Only space.c writes
 * it. */
extern bool space_keeps;

/* Make ready the two roots, of `domain`, of the vCPU that this CPU runs or is about to run, after
 * space_enter: space_roots_kept where translations are kept, space_roots_dropped elsewhere. The
 * values are good until the next call on this CPU: they may be loaded at any time and in any order.
 * For the guest this is the load of both roots: from now on this CPU has no translation of theirs
 * by an entry that was lessened before. `user` may be MFN_NONE. */
struct space_roots space_roots_kept(struct vmmu_domain *domain, mfn_t kernel, mfn_t user);
static inline struct space_roots space_roots_dropped(mfn_t kernel, mfn_t user)
{
    return (struct space_roots){space_cr3(kernel), mfn_is_none(user) ? 0 : space_cr3(user)};
}

/* From now on this CPU counts as running `domain`. If it ran another one, or none, it drops all
 * that it has of `domain`, and this flush is reported to the virtual MMU. The caller has set this
 * CPU's bit in domain->cpus before, and loads a root of the domain afterwards (struct space_roots,
 * space_load). */
void space_enter(struct vmmu_domain *domain);

/* Loads `cr3`, of struct space_roots, of the domain that this CPU has entered. The caller has
 * references that keep the root. The idle root or the own root is loaded, if guests are
 * isolated. */
void space_load(u64 cr3);

/* Loads `cr3`, another of struct space_roots for the vCPU that this CPU runs, or the root that is
 * built at boot. A flush by this load is not reported to the virtual MMU, which may therefore
 * request one flush more than needed. */
static inline void space_load_root(u64 cr3)
{
    write_cr3(cr3);
}

/* Loads the idle root: this CPU runs no domain from now on. Likewise. */
void space_load_idle(void);

/* Flushes all of this CPU's translations of guest memory, in every context, and reports the flush
 * to the virtual MMU. May be called on an idle CPU, and with locks held. */
void space_flush(void);

/* Flushes this CPU's translations of the page of `address`, which is a guest's address: canonical
 * and none of the hypervisor's; those by the root that is loaded, and those by the root of which
 * space_roots_kept has returned `other` (0: none). */
void space_flush_page(u64 address, u64 other);

#endif
