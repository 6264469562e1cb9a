/* SPDX-License-Identifier: MIT */
/* Runs the hypercalls of hypervisor/call/ in a process: with the virtual MMU on the fake machine,
 * guest memory that belongs to the process, and stand-ins for what needs real CPUs. */
#ifndef FUZZ_SHIM_H
#define FUZZ_SHIM_H

#include "hypervisor/domain/domain.h"

#define SHIM_MEMORY      0x200000000000ull /* the address at which a guest sees its memory */
#define SHIM_MEMORY_SIZE 0x8000u           /* an access outside it faults */
#define SHIM_DOMAINS     2u
#define SHIM_PAGES       40u /* of each domain, pfn 0 upwards */

/* Makes a machine with two domains of one running vCPU each, on linked and pinned tables. */
void shim_start(void);
struct domain *shim_domain(u32 index);
mfn_t shim_page(u32 domain, u32 i);
u8 *shim_memory(void);

/* Selects the domain that makes the next call. */
void shim_run(u32 domain);

/* Runs the audit; fails on any finding. */
void shim_audit(void);

/* Ends both domains; fails unless every frame came back. */
void shim_end(void);

#endif
