/* SPDX-License-Identifier: MIT */
/* Flushes of the TLB that CPUs ask of each other.
 *
 * A request is a count up at the CPU that it is for; that CPU, when it has flushed, publishes the
 * count it had read before. So one flush answers all requests that came before it, and one
 * interrupt is sent for all that come before it is served. CPUs that wait serve: no two can wait
 * for each other for good. */
#ifndef CPU_FLUSH_H
#define CPU_FLUSH_H

#include "lib/types.h"

/* space_flush on every CPU in the bit set `cpus`; returns when all have. How many others were sent
 * an interrupt. Locks may be held. */
u32 flush_cpus(u64 cpus);

/* Serves what other CPUs have asked of this one: by its interrupt, and in every loop that waits for
 * another CPU. */
void flush_serve(void);

#endif
