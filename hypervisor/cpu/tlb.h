/* SPDX-License-Identifier: MIT */
/* The TLB of this CPU. */
#ifndef CPU_TLB_H
#define CPU_TLB_H

/* Drops this CPU's translations of guest memory, and lets the virtual MMU know. */
void tlb_flush(void);

#endif
