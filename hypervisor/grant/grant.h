/* SPDX-License-Identifier: MIT */
/* Grants: pages that a domain permits another domain to map or copy (ABI: grant_table.h, version
 * 1).
 *
 * A domain has a table of the grants it gives, in pages shared with the hypervisor, and handles for
 * the mappings it made of other domains' grants. A mapped frame is kept alive by the reference that
 * its page-table entry holds (vmmu.h). The counts here serve another purpose: they decide when the
 * reading and writing flags in the granter's entry are cleared.
 *
 * Locks: a granter's `lock` is taken before a mapper's `handle_lock`. */
#ifndef GRANT_GRANT_H
#define GRANT_GRANT_H

#include "hypervisor/xen.h"
#include "lib/addr.h"
#include "lib/lock.h"

struct domain;

#define GRANT_FRAMES_MAX 32u
#define GRANTS_A_FRAME   512u
#define HANDLE_PAGES_MAX 64u
#define HANDLES_A_PAGE   256u
#define HANDLE_NONE      0xffffffffu

/* How a grant is used at present. */
struct grant_use {
    u64 frame; /* the granted mfn, read when the first use begins; fixed until the last use ends,
                  even if the granter changes its entry */
    u32 readers;
    u32 writers;
};

/* One mapping that a domain made of another domain's grant. */
struct grant_handle {
    u64 frame;
    u32 ref; /* the grant's number; in a free handle: the number of the next free handle, or
                HANDLE_NONE */
    u16 granter;
    u8 used : 1;
    u8 writable : 1;
    u8 contains_pte : 1; /* the mapper named the mapping by the machine address of its page-table
                            entry */
};

struct grants {
    struct lock lock;
    u32 frames;
    struct grant_entry_v1 *shared[GRANT_FRAMES_MAX];
    struct grant_use *use[GRANT_FRAMES_MAX];
    /* Uses of this domain's grants that have begun and not ended; they count even after the table
     * is freed. */
    _Atomic u64 users;
    struct lock handle_lock;
    u32 handle_pages;
    u32 free_handle;
    _Atomic u32 mappings;
    struct grant_handle *handles[HANDLE_PAGES_MAX];
};

void grants_start(struct domain *domain);

/* Ends all uses that the domain, as mapper, has of other domains' grants, and frees its own grant
 * table. Call it after its page tables are torn down, so that no entry uses the mappings. */
void grants_stop(struct domain *domain);

/* Makes the grant table at least `frames` pages long. Takes the domain's grant lock. Returns
 * GNTST_okay; GNTST_general_error: `frames` is above GRANT_FRAMES_MAX; GNTST_no_space: no memory,
 * and the pages that were added before stay. */
s16 grant_grow(struct domain *domain, u32 frames);

/* Begins a use of `granter`'s grant number `ref` (any value) by `user`, as a writer if `writable`:
 * stores the granted frame in *frame and returns GNTST_okay, or returns the GNTST_ code of the
 * refusal. The caller holds `granter`'s grant lock, and ends the use by grant_put under the same
 * lock. */
s16 grant_get(struct domain *granter, const struct domain *user, u32 ref, bool writable,
              mfn_t *frame);
void grant_put(struct domain *granter, u32 ref, bool writable);

/* Allocates a handle for a mapping of `mapper`, as a copy of *handle. Returns its number;
 * HANDLE_NONE: no memory, or the domain has too many handles. Takes handle_lock. */
u32 handle_take(struct domain *mapper, const struct grant_handle *handle);

/* Copies handle `number`, any value, into *handle. False: the handle does not exist or is free.
 * Takes handle_lock. */
bool handle_get(struct domain *mapper, u32 number, struct grant_handle *handle);

/* Frees handle `number`, which handle_take has returned. False: it is free already, for instance
 * because another CPU ended the mapping. Takes handle_lock. */
bool handle_drop(struct domain *mapper, u32 number);

#endif
