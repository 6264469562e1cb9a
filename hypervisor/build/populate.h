/* SPDX-License-Identifier: MIT */
/* Giving a new guest its frames: whole pages of a boot module become memory of the last guest that
 * uses it, without being copied; all other pages get new frames. */
#ifndef BUILD_POPULATE_H
#define BUILD_POPULATE_H

#include "hypervisor/boot/handoff.h"
#include "hypervisor/domain/domain.h"
#include "hypervisor/build/layout.h"

#define P2M_UNSET (~0ull)

/* The memory of a guest under construction. */
struct population {
    struct domain *domain;
    u64 *p2m; /* the guest's p2m list, in the guest's memory, seen through the direct map;
                 P2M_UNSET: the pfn has no frame yet */
    u64 pages;
    mfn_t spare; /* the next frame of a block that frames are taken from one by one */
    u64 spare_count;
};

/* Allocates the p2m list as part of the guest's memory, with all elements unset but those of its
 * own pages. False: no memory. */
bool populate_start(struct population *p, struct domain *domain, const struct guest_layout *l);

/* Puts `size` bytes of `module`, from `offset` on, at guest-physical address `to`. With `last` (no
 * other guest needs the module) pages of the module that fill a whole page of the guest are given
 * to it instead of being copied. False: no memory. */
bool populate_from_module(struct population *p, struct handoff_module *module, u64 offset, u64 size,
                          u64 to, bool last);

/* Gives the guest zeroed pages for the guest-physical addresses from `from` up to `to`, where it
 * has no page yet. False: no memory. */
bool populate_zeroed(struct population *p, u64 from, u64 to);

/* Gives the guest one zeroed page as pfn `at`, unless it has a frame already. Returns its view;
 * NULL: no memory. */
void *populate_page(struct population *p, u64 at);

/* Gives the guest frames for all pfns that have none. False: no memory. */
bool populate_rest(struct population *p);

/* Returns the rest of the spare block to the allocator. */
void populate_end(struct population *p);

/* Frees the pages of the module that no guest has been given. */
void populate_release_module(struct handoff_module *module);

#endif
