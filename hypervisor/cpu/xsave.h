/* SPDX-License-Identifier: MIT */
/* The processor's XSAVE: switched on, and which state it saves. */
#ifndef CPU_XSAVE_H
#define CPU_XSAVE_H

#include "lib/types.h"

/* Switches XSAVE on, if the CPU has it. Once on each CPU. False: this CPU does not offer the same
 * state as the first. */
bool xsave_start(void);

/* The bits of XCR0 that guests may set, as the first CPU offers them; 0: there is no XSAVE. */
u64 xsave_xcr0(void);

/* Sets XCR0 of this CPU, which must have XSAVE on. */
static inline void xsave_write_xcr0(u64 value)
{
    __asm__ volatile("xsetbv" : : "c"(0), "a"((u32)value), "d"((u32)(value >> 32)));
}

#endif
