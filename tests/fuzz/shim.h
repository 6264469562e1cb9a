/* SPDX-License-Identifier: MIT */
/* The hypercalls of hypervisor/call/ in a process: the virtual MMU on the fake machine, guest
 * memory that is a piece of the process's own, and stand-ins for what has to do with real CPUs. */
#ifndef FUZZ_SHIM_H
#define FUZZ_SHIM_H

#include "hypervisor/domain/domain.h"

#define SHIM_MEMORY      0x200000000000ull /* a guest's memory, by its own address: */
#define SHIM_MEMORY_SIZE 0x8000u           /* whatever lies outside faults */
#define SHIM_DOMAINS     2u
#define SHIM_PAGES       40u /* of each domain, pfn 0 upwards */

/* A machine with two domains of one vCPU each, which run on linked, pinned tables. */
void shim_start(void);
struct domain *shim_domain(u32 index);
mfn_t shim_page(u32 domain, u32 i);
u8 *shim_memory(void);

/* Who makes the next call. */
void shim_run(u32 domain);

/* Fails on a finding. */
void shim_audit(void);

/* Ends both domains; fails unless everything came back. */
void shim_end(void);

#endif
