/* SPDX-License-Identifier: MIT */
/* The 8254 timer, used once: as the standard that other clocks are measured against. */
#ifndef TIME_PIT_H
#define TIME_PIT_H

#include "lib/types.h"

#define PIT_HERTZ 1193182ull

/* A change of its counter, and when it was seen. */
struct pit_edge {
    u64 tsc;
    u32 count; /* the counter runs down */
};

/* Starts counting down from 65535; 55 ms until it wraps. */
void pit_start(void);

/* The best located of several changes. False: it does not count. */
bool pit_edge(struct pit_edge *edge);

u32 pit_count(void);

#endif
