/* SPDX-License-Identifier: MIT */
/* What the files of the pv backend start each other with. */
#ifndef GUEST_PV_STARTUP_H
#define GUEST_PV_STARTUP_H

#include "guest/entry.h"
#include "guest/pv/pv.h"

void pv_start(struct start_info *info, u64 stack_end); /* from start.S */
void trap_start(void); /* the trap table and callbacks of this vCPU */

/* 0..31 the processor's vectors, 32: INT 0x80; as the hypervisor wants them. */
#define TRAP_ENTRIES 33u
void trap_table(struct trap_info *table);
extern char syscall_entry[], event_entry[], failsafe_entry[];

/* Makes this CPU number 0. */
void cpu_start(void);

/* The pfn-to-mfn table from the list that the domain builder made; the machine's map. */
void translate_start(const u64 *list, u64 count, const u64 *m2p, u64 m2p_count);

/* What an ordinary page has there. */
#define DIRECT_FLAGS ENTRY_TABLE /* present, writable, accessed, dirty */

/* The direct map of all memory, the page list and the allocator. `first`: free from there on. */
void direct_start(pfn_t first);

/* The direct map's entry for a pfn, with the table made that it needs; NULL: no memory for it. */
u64 *direct_entry(u64 pfn);

#endif
