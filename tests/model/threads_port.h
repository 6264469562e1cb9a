/* SPDX-License-Identifier: MIT */
/* A fake machine for real threads: each thread is a CPU with a TLB that keeps translations and
 * walks until it is flushed. It ends the program when a CPU could write to what is a live table,
 * walk through what is an ordinary page, or reach a frame that is nobody's. */
#ifndef TESTS_MODEL_THREADS_PORT_H
#define TESTS_MODEL_THREADS_PORT_H

#include "vmmu/vmmu.h"

#define THREADS_CPUS    6u
#define THREADS_DOMAINS 4u

/* What the machine has seen, over all CPUs. */
struct threads_seen {
    _Atomic u64 stores, faults, stale_stores, flushes, stops, pauses, freed;
};
extern struct threads_seen threads_seen;

void threads_start(u64 frames);

/* Every frame must be back. */
void threads_end(void);

/* A zeroed frame; MFN_NONE if there is none. */
mfn_t threads_allocate(void);

/* The calling thread is this CPU from now on. It is told to stop every `stop_each`-th time it asks,
 * more or less; 0: never. `race`: it gives way to others in the middle of operations. */
void threads_on_cpu(u32 cpu, u64 seed, u32 stop_each, bool race);

/* A random number below `n`, of the calling thread's own. */
u32 threads_below(u32 n);

void threads_register(u16 id, struct vmmu_domain *domain);

/* The CPU loads a root; MFN_NONE: none. */
void threads_load_root(mfn_t root);

/* It flushes by itself. */
void threads_flush(void);

/* A guest's store or load of 8 bytes on this CPU. False: it faulted. */
bool threads_store(vaddr_t va, u64 value);
bool threads_load(vaddr_t va);

/* The words of a frame. */
_Atomic u64 *threads_words(mfn_t m);

#endif
