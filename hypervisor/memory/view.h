/* SPDX-License-Identifier: MIT */
/* A view: what the roots of one domain map of the hypervisor's slots, where guests are isolated
 * (memory/space.h).
 *
 * Of the 16 entries that the domain's L4 tables get, those for the direct map, the descriptor
 * windows and the image with the CPU regions lead to tables of the view's own; the others are those
 * of every domain. The view maps what the entry code needs without a page fault, for as long as the
 * domain has vCPUs (view_map): for user roots, which have tables of their own for the direct map,
 * this is all. Of a CPU's region it maps no stacks but a set that the domain has on that CPU
 * (view_show_cpu). For kernel roots the view is, beyond that, a cache of the direct map: the
 * domain's frames are added when the hypervisor needs them (view_learn), and what is not mapped is
 * reached by the own root, so that to add nothing is always correct. What is never correct is a
 * frame of another domain, or of the hypervisor's that is not for this domain alone (page_mark). So
 * a frame is removed, and the domain's CPUs flush, after it has lost its owner and before it can
 * get another one.
 *
 * The tables are private to the hypervisor: no view maps them. */
#ifndef MEMORY_VIEW_H
#define MEMORY_VIEW_H

#include "hypervisor/memory/layout.h"
#include "lib/addr.h"
#include "lib/lock.h"

struct vmmu_domain;

struct view {
    u64 slots[LAYOUT_SLOTS];      /* for vmmu_domain.hypervisor_slots; all 0: there is no view */
    u64 user_slots[LAYOUT_SLOTS]; /* for vmmu_domain.user_slots */
    struct lock lock;             /* guards all tables */
    u32 tables;                   /* how many pages of tables there are */
};

/* Makes a view of a struct of zeroes, with nothing in tables of its own. False: no memory; nothing
 * stays allocated. */
bool view_start(struct view *view);

/* Frees the tables. No root that leads to them is loaded any more. Without effect where there is no
 * view. */
void view_stop(struct view *view);

/* Maps frame `m` at `address`, in a slot of which the view has own tables, in place of what was
 * mapped there; MFN_NONE: unmaps. `flags` as of map_page. Flushes nothing. False: no memory, and
 * nothing is mapped; not when `address` was mapped before. Takes RANK_VIEWS. */
bool view_map(struct view *view, u64 address, mfn_t m, u64 flags);

/* Maps the `1 << order` pages of page_alloc at `page` in the direct map of the view, for both kinds
 * of roots. False: no memory. */
bool view_map_pages(struct view *view, const void *page, u32 order);

/* Maps the stacks of CPU `number` by the entries of struct stacks; NULL: unmaps them, which flushes
 * nothing. Takes RANK_VIEWS. */
void view_show_cpu(struct view *view, u32 number, const u64 *entry);

/* Adds frame `m`, which exists, to the view of `domain` if it is the domain's, or marked for it;
 * with it the domain's frames in the same 2 MiB if none of these was in the view before. May add
 * nothing, for lack of memory or because the tables of the view have reached their limit. Takes
 * RANK_VIEWS. */
void view_learn(struct view *view, struct vmmu_domain *domain, mfn_t m);

/* Removes `count` frames from `m` on of the direct map, which may take others that view_learn added
 * with them. True: one was mapped, so the CPUs that have loaded a root of the domain must flush.
 * Takes RANK_VIEWS. */
bool view_forget_run(struct view *view, mfn_t m, u64 count);
static inline bool view_forget(struct view *view, mfn_t m)
{
    return view_forget_run(view, m, 1);
}

#endif
