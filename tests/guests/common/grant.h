/* SPDX-License-Identifier: MIT */
/* Operations on grants: each is one element of one hypercall. Results are the status of the
 * element, or the error of the call. */
#ifndef GUESTS_GRANT_H
#define GUESTS_GRANT_H

#include "tests/guests/common/guest.h"
#include <xen/grant_table.h>

#define GRANTS_A_PAGE (PAGE_SIZE / sizeof(struct grant_entry_v1))
#define NO_STATUS     99 /* status of an element before the call sets it */

extern struct grant_entry_v1 *grant_table; /* the first page of this domain's grant table */

long grant_op(unsigned command, void *element);

long grant_setup(unsigned pages, xen_pfn_t *list);

/* Sets up a grant table of one page and maps it. Every test that grants calls this first. */
void grant_start(void);

/* Returns this domain's own number, as other domains use it. */
domid_t grant_own_domid(void);

/* Grants a frame to a domain. flags: GTF_readonly or 0. */
void grant_give(unsigned ref, domid_t domain, u64 mfn, u16 flags);

u16 grant_marks(unsigned ref);

/* Maps a grant of `domain`. at: a virtual address, or with GNTMAP_contains_pte the machine address
 * of an entry. */
long grant_map(domid_t domain, unsigned ref, unsigned flags, u64 at, u32 *handle);

long grant_unmap(u64 at, u64 device_address, u32 handle);

/* One end of a copy. */
struct grant_end {
    domid_t domain;
    bool granted;
    u64 which; /* a grant reference, or a frame number */
    u16 offset;
};

long grant_copy(struct grant_end from, struct grant_end to, u16 length);

#endif
