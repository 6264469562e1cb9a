/* SPDX-License-Identifier: MIT */
/* The start-up functions of the pv backend, and what its files share besides. */
#ifndef GUEST_PV_STARTUP_H
#define GUEST_PV_STARTUP_H

#include "guest/entry.h"
#include "guest/pv/pv.h"

/* The first C function, called by start.S: starts the domain and runs the kernel. Does not return.
 *
 * stack_end: the initial RSP. The stack is the last thing that the domain builder made, so the
 * memory from there on is free. */
void pv_start(struct start_info *info, u64 stack_end);

/* Registers the trap table and the callbacks of this vCPU with the hypervisor. */
void trap_start(void);

#define TRAP_ENTRIES 33u /* entries of the trap table: vectors 0..31, then INT 0x80 */

/* Fills in the trap table, as the hypervisor reads it: TRAP_ENTRIES elements. */
void trap_table(struct trap_info *table);

/* The entry points for system calls, events and failsafe callbacks (entry.S). */
extern char syscall_entry[], event_entry[], failsafe_entry[];

/* Makes the running vCPU CPU number 0 of the library, and gives it its stack for traps. */
void cpu_start(void);

/* Starts the p2m.
 * list: the domain builder's list of the frame of each pfn below `count`. Its memory becomes a part
 * of the p2m.
 * m2p: the M2P, of m2p_count words. */
void translate_start(const u64 *list, u64 count, const u64 *m2p, u64 m2p_count);

/* The flags with which the direct map shows an ordinary page: present, writable, accessed, dirty.
 */
#define DIRECT_FLAGS ENTRY_TABLE

/* Completes the direct map of all memory, makes page_list, and starts the allocator.
 * first: the first pfn that is free. */
void direct_start(pfn_t first);

/* Returns the direct map's level 1 entry for a pfn; makes its table if that is missing. NULL: no
 * memory for it, or the pfn is too large. */
u64 *direct_entry(u64 pfn);

#endif
