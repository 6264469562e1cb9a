/* SPDX-License-Identifier: MIT */
/* XSAVE: enables the instruction, and chooses which registers it saves. */
#ifndef CPU_XSAVE_H
#define CPU_XSAVE_H

#include "lib/types.h"

/* Enables XSAVE on this CPU, if the CPU has it. Once on each CPU. False: this CPU does not offer
 * the same state components as the first, or keeps them in an area of another size. */
bool xsave_start(void);

/* The bits of XCR0 that guests may set; 0: the CPUs have no XSAVE. */
u64 xsave_xcr0(void);

/* The bytes in which a CPU saves all of these components, at most PAGE_SIZE; without XSAVE, those
 * of FXSAVE. */
u32 xsave_area_size(void);

/* Sets XCR0 of this CPU, on which XSAVE must be enabled. */
static inline void xsave_write_xcr0(u64 value)
{
    __asm__ volatile("xsetbv" : : "c"(0), "a"((u32)value), "d"((u32)(value >> 32)));
}

#endif
