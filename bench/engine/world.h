/* SPDX-License-Identifier: MIT */
/* The world for measuring the engine on the host: memory, domains and address spaces. */
#ifndef BENCH_ENGINE_WORLD_H
#define BENCH_ENGINE_WORLD_H

#include "vmmu/vmmu.h"

#define WORLD_THREADS_MAX 16u
#define SPACE_TABLES      512u /* L1 tables: 1 GiB of 4 KiB pages */
#define SPACE_PAGES       (SPACE_TABLES * 512u)

/* The address space of one thread: 1 GiB, whose pages are in randomly chosen frames. */
struct space {
    _Alignas(64) struct vmmu_domain own;
    struct vmmu_domain *domain; /* &own, or that of the first space */
    struct vmmu_vcpu vcpu;
    mfn_t l4, l3, l2, l1[SPACE_TABLES];
    mfn_t second_l4; /* another root, with the same L3 table, to which a vCPU can switch */
    mfn_t spare[2];  /* two writable pages that no entry maps */
};

extern struct space world[WORLD_THREADS_MAX];
extern struct vmmu_frame *world_frames; /* the frame table */

/* Builds `threads` spaces without pinned tables, all in one domain or each in a domain of its own.
 */
void world_start(unsigned threads, bool one_domain);

/* Makes the calling thread the engine's CPU number `cpu`. */
void world_run_on(u32 cpu);

/* Pins the tables of the first `threads` spaces and loads their roots. */
void world_make_live(unsigned threads);

/* Returns the L1 entry of page number `index` of the space. */
u64 space_get(struct space *space, u32 index);

/* Makes a request to change that entry. Ends the program if it is refused, as all the functions
 * below do. */
void space_set(struct space *space, u32 index, u64 entry);

/* How many requests the hypervisor copies and passes to the engine in one call. */
#define SPACE_BATCH 32u

/* Makes SPACE_BATCH requests in one call, for the pages from `first` on, whose entries are in one
 * table. */
void space_set_many(struct space *space, u32 first, const u64 *entries);

/* Pins and unpins a table. */
void space_pin(struct space *space, mfn_t table, u32 level);
void space_unpin(struct space *space, mfn_t table);

/* Returns the contents of a frame. */
u64 *world_words(mfn_t m);

/* Ends the program if the engine refused a request. what: its name, for the message. */
void must_be_done(enum vmmu_result result, const char *what);

#endif
