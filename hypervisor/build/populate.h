/* SPDX-License-Identifier: MIT */
/* Gives a new guest its frames: boot modules' own pages where they are whole, fresh ones elsewhere.
 */
#ifndef BUILD_POPULATE_H
#define BUILD_POPULATE_H

#include "hypervisor/boot/handoff.h"
#include "hypervisor/domain/domain.h"
#include "hypervisor/build/layout.h"

#define P2M_UNSET (~0ull)

/* Memory of a guest under construction. */
struct population {
    struct domain *domain;
    u64 *p2m; /* in the guest's own memory, seen through the direct map; P2M_UNSET: no frame yet */
    u64 pages;
    mfn_t spare; /* a block that frames are handed out from */
    u64 spare_count;
};

/* Makes the p2m list, in its own pages, all unset but for itself. */
bool populate_start(struct population *p, struct domain *domain, const struct guest_layout *l);

/* Puts `size` bytes of `module` from `offset` at guest-physical byte `to`, handing whole pages over
 * when `last` says that nobody else needs the module. */
bool populate_from_module(struct population *p, struct handoff_module *module, u64 offset, u64 size,
                          u64 to, bool last);

/* Zeroed memory for [from, to) of guest-physical bytes, where there is none yet. */
bool populate_zeroed(struct population *p, u64 from, u64 to);

/* One zeroed page for `at`; NULL: no memory. */
void *populate_page(struct population *p, u64 at);

/* Frames for all that is left, as they are. Returns what it did not use to the allocator. */
bool populate_rest(struct population *p);

/* Ends: gives back what is left of the spare block. */
void populate_end(struct population *p);

/* The module's pages that nobody took go to the allocator, cleared. */
void populate_release_module(struct handoff_module *module);

#endif
