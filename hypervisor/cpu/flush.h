/* SPDX-License-Identifier: MIT */
/* TLB flushes that CPUs request of each other, and the writing back of their caches.
 *
 * Each CPU has two counters: requests (`asked`) and served requests (`done`). To request a flush of
 * a CPU is to add 1 to its `asked`. That CPU reads `asked`, flushes, and stores the value it had
 * read in `done`. So one flush serves all requests that were made before it, and one interrupt is
 * enough for all requests that are made before it arrives. A CPU that waits for another serves
 * requests meanwhile, so two CPUs that wait for each other both continue. */
#ifndef CPU_FLUSH_H
#define CPU_FLUSH_H

#include "lib/types.h"

/* Executes space_flush on every CPU in the bit set `cpus` (bit N: CPU N), and returns when all have
 * flushed. Returns how many CPUs were sent an interrupt. Locks may be held; interrupts may be
 * off. */
u32 flush_cpus(u64 cpus);

/* Writes all modified lines of the caches of every CPU back to memory, empties the caches, and
 * returns when all CPUs have done so; each flushes its TLB on the way. Locks may be held;
 * interrupts may be off. */
void flush_caches(void);

/* Writes this CPU's caches back and empties them. Defined by cpu/caches.c, in tests by the test. */
void write_back_caches(void);

/* Serves the flush requests that other CPUs have made to this CPU. Called by the flush interrupt,
 * and in every loop that waits for another CPU (lock_wait). */
void flush_serve(void);

#endif
