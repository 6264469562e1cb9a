/* SPDX-License-Identifier: MIT */
/* What the files of the pv backend, and kernels that are for it alone, have in common. */
#ifndef GUEST_PV_PV_H
#define GUEST_PV_PV_H

#include "guest/entry.h"
#include "guest/pv/abi.h"
#include "guest/pv/hypercall.h"
#include "lib/addr.h"

extern struct start_info *start_info;
extern struct shared_info *shared_info;

/* The guest runs as Xen's initial domain, with rights and limits that a plain one does not have. */
static inline bool is_initial_domain(void)
{
    return start_info->flags & SIF_INITDOMAIN;
}

/* vCPU 0's. */
static inline struct vcpu_info *vcpu_info(void)
{
    return &shared_info->vcpu_info[0];
}

/* What a guest kernel and its user mode run with. */
#define KERNEL_CS (FLAT_KERNEL_CS & ~3ull)
#define USER_CS   FLAT_USER_CS
#define GUEST_SS  FLAT_KERNEL_SS

/* ---- start-up ---- */

void pv_start(struct start_info *info, u64 stack_end); /* from start.S */
void console_start(void);
void console_mask(void); /* its events, once shared_info is there */
void trap_start(void);   /* the trap table and callbacks of this vCPU */

/* Makes `number` the CPU that this code runs on. */
void cpu_start(unsigned number);

/* The pfn-to-mfn table from the list that the domain builder made; the machine's map. */
void translate_start(const u64 *list, u64 count, const u64 *m2p, u64 m2p_count);

/* What an ordinary page has there. */
#define DIRECT_FLAGS ENTRY_TABLE /* present, writable, accessed, dirty */

/* The direct map of all memory, the page list and the allocator. `first`: free from there on. */
void direct_start(pfn_t first);

/* The direct map's entry for a pfn, with the table made that it needs; NULL: no memory for it. */
u64 *direct_entry(u64 pfn);

#endif
