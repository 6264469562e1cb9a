/* SPDX-License-Identifier: MIT */
/* The 8254 timer, used once: as the standard that other clocks are measured against. */
#ifndef TIME_PIT_H
#define TIME_PIT_H

#include "lib/types.h"

/* The TSC's ticks in a second, from what it counts in about `ns` (up to 20 ms). 0: the PIT does not
 * count, or went round. `sure`: it cannot have gone round; else only another measurement tells. */
u64 pit_measure_tsc(u64 ns, bool *sure);

#endif
