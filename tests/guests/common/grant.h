/* SPDX-License-Identifier: MIT */
/* Grants as a test gives and uses them: every operation is one element of one hypercall. Results
 * are the status of the element, or the call's own error. */
#ifndef GUESTS_GRANT_H
#define GUESTS_GRANT_H

#include "tests/guests/common/guest.h"
#include <xen/grant_table.h>

#define GRANTS_A_PAGE (PAGE_SIZE / sizeof(struct grant_entry_v1))
#define NO_STATUS     99 /* of an element: the call has not set it */

extern struct grant_entry_v1 *grant_table; /* its first page */

long grant_op(unsigned command, void *element);

long grant_setup(unsigned pages, xen_pfn_t *list);

/* Makes a table of one page and maps it; every test that grants begins so. */
void grant_start(void);

/* The number of the domain that asks, as others know it. */
domid_t grant_own_domid(void);

/* Grants a frame to a domain: GTF_readonly or 0. */
void grant_give(unsigned ref, domid_t domain, u64 mfn, u16 flags);

u16 grant_marks(unsigned ref);

/* Maps a grant of `domain` at a virtual address or (GNTMAP_contains_pte) in an entry. */
long grant_map(domid_t domain, unsigned ref, unsigned flags, u64 at, u32 *handle);

long grant_unmap(u64 at, u64 device_address, u32 handle);

/* One end of a copy. */
struct grant_end {
    domid_t domain;
    bool granted;
    u64 which; /* a reference, or a frame */
    u16 offset;
};

long grant_copy(struct grant_end from, struct grant_end to, u16 length);

#endif
