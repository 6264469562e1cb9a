/* SPDX-License-Identifier: MIT */
/* A fake machine for real threads: each thread is a CPU with a TLB that keeps translations and
 * walks until it is flushed. It ends the program when a CPU could write to a live table, walk
 * through an ordinary page, or reach a frame without an owner. */
#ifndef TESTS_MODEL_THREADS_PORT_H
#define TESTS_MODEL_THREADS_PORT_H

#include "vmmu/vmmu.h"

#define THREADS_CPUS    6u
#define THREADS_DOMAINS 4u

/* What the machine has counted, over all CPUs. */
struct threads_seen {
    _Atomic u64 stores, faults, stale_stores, flushes, stops, pauses, freed, kept;
};
extern struct threads_seen threads_seen;

/* Makes a new machine. `keep`: its CPUs keep translations over loads of roots. */
void threads_start(u64 frames, bool keep);

/* Ends the machine. Every frame must be free again. */
void threads_end(void);

/* Allocates a zeroed frame; MFN_NONE: there is none. */
mfn_t threads_allocate(void);

/* Frees a frame that no call of the engine released. */
void threads_free(mfn_t m);

/* Returns one of three device frames that domain 1 may map: the second may only be read. No other
 * domain may map one. */
mfn_t threads_device(u32 i);

/* The calling thread is this CPU from now on. `stop_each`: about every so many calls of
 * port_should_stop return true; 0: none. `race`: the thread yields in the middle of operations. */
void threads_on_cpu(u32 cpu, u64 seed, u32 stop_each, bool race);

/* Returns a random number below `n` from the calling thread's own sequence. */
u32 threads_below(u32 n);

void threads_register(u16 id, struct vmmu_domain *domain);

/* Gives a domain that has no L4 table yet slots of the hypervisor's that no other domain has, of
 * two kinds for its two kinds of roots. */
void threads_give_slots(struct vmmu_domain *domain);

/* Loads a root on the calling CPU; MFN_NONE: none. */
void threads_load_root(mfn_t root);

/* Flushes the calling CPU. */
void threads_flush(void);

/* A store or load of 8 bytes by the guest on this CPU. Returns false if it faulted. */
bool threads_store(vaddr_t va, u64 value);
bool threads_load(vaddr_t va);

/* Returns the words of a frame. */
_Atomic u64 *threads_words(mfn_t m);

#endif
