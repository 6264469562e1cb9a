/* SPDX-License-Identifier: MIT */
/* Changing the frame behind a page: its word of the p2m, and what the direct map shows at its
 * address. */
#ifndef GUEST_PV_PLACE_H
#define GUEST_PV_PLACE_H

#include "guest/page.h"
#include "guest/pv/request.h"

/* Gives an empty page a frame: sets its word of the p2m and maps the frame in the direct map.
 * word: as in the p2m, a frame with tags. flags: PTE_... bits of the mapping.
 * Returns 0 or an error; then the page is still empty. */
int place_show(struct page *page, u64 word, u64 flags);

/* Removes a page's frame from the direct map and from the p2m. The frame stays the guest's.
 * Returns 0 or the hypervisor's refusal; then nothing has changed. */
int place_clear(struct page *page);

/* Sets the level 1 entry for `va` in the active space and flushes it on all CPUs, immediately even
 * when a batch is open. Returns the result of this request. */
int request_mapping_now(u64 va, u64 entry);

#endif
