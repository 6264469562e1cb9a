/* SPDX-License-Identifier: MIT */
/* Memory, domains and address spaces for measuring the engine on the host. */
#ifndef BENCH_ENGINE_WORLD_H
#define BENCH_ENGINE_WORLD_H

#include "vmmu/vmmu.h"

#define WORLD_THREADS_MAX 16u
#define SPACE_TABLES      512u /* L1 tables: 1 GiB of 4 KiB pages */
#define SPACE_PAGES       (SPACE_TABLES * 512u)

/* One thread's domain: an address space of 1 GiB whose pages lie scattered over all frames. */
struct space {
    struct vmmu_domain domain;
    struct vmmu_vcpu vcpu;
    mfn_t l4, l3, l2, l1[SPACE_TABLES];
    mfn_t second_l4; /* shares the L3 table: something to switch to */
    mfn_t spare[2];  /* two writable pages mapped by nothing */
};

extern struct space world[WORLD_THREADS_MAX];
extern struct vmmu_frame *world_frames;

/* Builds `threads` spaces, nothing pinned. */
void world_start(unsigned threads);

/* On which CPU of the engine's the calling thread is. */
void world_run_on(u32 cpu);

/* A frame's contents. */
u64 *world_words(mfn_t m);

/* Ends the program when the engine refused what it must not. */
void must_be_done(enum vmmu_result result, const char *what);

#endif
