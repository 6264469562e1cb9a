/* SPDX-License-Identifier: MIT */
/* The TLB of this CPU. */
#ifndef MEMORY_SPACE_H
#define MEMORY_SPACE_H

#include "lib/types.h"

/* Loads CR3, which drops this CPU's translations of guest memory, and lets the virtual MMU know.
 * The root belongs to the current vCPU. */
void tlb_load(u64 cr3);

/* The same with the root that is loaded. */
void tlb_flush(void);

#endif
