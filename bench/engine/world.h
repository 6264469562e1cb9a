/* SPDX-License-Identifier: MIT */
/* Memory, domains and address spaces for measuring the engine on the host. */
#ifndef BENCH_ENGINE_WORLD_H
#define BENCH_ENGINE_WORLD_H

#include "vmmu/vmmu.h"

#define WORLD_THREADS_MAX 16u
#define SPACE_TABLES      512u /* L1 tables: 1 GiB of 4 KiB pages */
#define SPACE_PAGES       (SPACE_TABLES * 512u)

/* One thread's: an address space of 1 GiB whose pages lie scattered over all frames. */
struct space {
    _Alignas(64) struct vmmu_domain own;
    struct vmmu_domain *domain; /* its own, or the first space's */
    struct vmmu_vcpu vcpu;
    mfn_t l4, l3, l2, l1[SPACE_TABLES];
    mfn_t second_l4; /* shares the L3 table: something to switch to */
    mfn_t spare[2];  /* two writable pages mapped by nothing */
};

extern struct space world[WORLD_THREADS_MAX];
extern struct vmmu_frame *world_frames;

/* Builds `threads` spaces, nothing pinned, each in a domain of its own or all in one. */
void world_start(unsigned threads, bool one_domain);

/* On which CPU of the engine's the calling thread is. */
void world_run_on(u32 cpu);

/* Has all that many spaces pinned, and in use as each vCPU's root. */
void world_make_live(unsigned threads);

/* Page `index` of the space: its entry, and a request to change it. */
u64 space_get(struct space *space, u32 index);
void space_set(struct space *space, u32 index, u64 entry);

/* SPACE_BATCH of them from `first` on, of one table, in one call: as many as the hypervisor copies
 * at once. */
#define SPACE_BATCH 32u
void space_set_many(struct space *space, u32 first, const u64 *entries);

void space_pin(struct space *space, mfn_t table, u32 level);
void space_unpin(struct space *space, mfn_t table);

/* A frame's contents. */
u64 *world_words(mfn_t m);

/* Ends the program when the engine refused what it must not. */
void must_be_done(enum vmmu_result result, const char *what);

#endif
