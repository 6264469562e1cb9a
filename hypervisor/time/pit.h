/* SPDX-License-Identifier: MIT */
/* The 8254 timer, used once: as a reference against which the TSC is measured. */
#ifndef TIME_PIT_H
#define TIME_PIT_H

#include "lib/types.h"

#define PIT_HERTZ 1193182ull
#define PIT_MASK  0xffffu

/* Starts the counter at 0. It wraps after 55 ms. Nothing is known of whether there is one. */
void pit_start(void);

/* The counter, as one that counts up. */
u32 pit_count(void);

#endif
