/* SPDX-License-Identifier: MIT */
/* The TSC's frequency as the processor itself reports it. */
#ifndef TIME_CPUID_TSC_H
#define TIME_CPUID_TSC_H

#include "lib/types.h"

/* The frequency in Hz by CPUID leaf 0x15, and 0x16 where 0x15 does not name the crystal's. 0: it is
 * not reported. */
u64 cpuid_tsc_hertz(void);

#endif
