/* SPDX-License-Identifier: MIT */
/* Frames that the guest gives to the hypervisor or gets from it, and frames of other domains. The
 * native backend has none of this: its functions return -XEN_ENOSYS or NULL.
 *
 * An empty page is a struct page, and so a pfn, without a frame behind it. Foreign and granted
 * frames are mapped at empty pages: the direct map shows the frame at the page's address, and the
 * p2m marks it as foreign. Ballooning out makes empty pages, and start-up provides some. */
#ifndef GUEST_MEMORY_H
#define GUEST_MEMORY_H

#include "guest/page.h"

/* Takes an empty page for the caller; NULL: there is none. */
struct page *memory_take_empty(void);

/* Gives back an empty page that memory_take_empty returned and at which nothing is mapped. */
void memory_release_empty(struct page *page);

/* Gives the frames of `count` pages to the hypervisor. Each page must have one use, the caller's,
 * and be neither a page table nor mapped outside the direct map; it becomes an empty page and
 * belongs to the library. Returns how many pages, counted from the first, were given away; the
 * error, if that is none. */
long memory_balloon_out(struct page **pages, u64 count);

/* Gets a frame from the hypervisor for an empty page of the caller's, which becomes an ordinary
 * page with one use. Returns 0; -XEN_EINVAL: the page is not empty; -XEN_ENOMEM: there was no
 * frame, or no memory for a table. On failure nothing has changed. */
int memory_balloon_in(struct page *page);

/* Exchanges the frames of 2^order pages with consecutive pfns for consecutive machine frames below
 * machine address 2^address_bits. The pages' contents are lost if it succeeds.
 *
 * order: 0 to 9. Returns 0; -XEN_EINVAL: the order is too large, or a page is in use by others, a
 * page table, empty, or has aliases; -XEN_ENOMEM or another error: the hypervisor has no such
 * frames, or the guest no page for the list of frames, and nothing has changed. */
int memory_make_contiguous(struct page *first, unsigned order, unsigned address_bits);

/* Maps `count` frames of another domain, frames[i] at the empty page pages[i], if the hypervisor
 * gives this domain the right to. On failure nothing is mapped. */
int memory_map_foreign(u16 domain, const mfn_t *frames, u64 count, struct page **pages);

/* Unmaps what memory_map_foreign mapped at `count` pages, which are empty pages again. */
int memory_unmap_foreign(struct page **pages, u64 count);

/* ---- grants ---- */

/* Grants `domain` the permission to map a page. Returns the grant's reference, at least 8, or a
 * negative error (-XEN_ENOSPC: the grant table is full). */
long grant_give(u16 domain, const struct page *page, bool read_only);

/* Ends a grant. -XEN_EBUSY: the other domain still maps the page. */
int grant_end(u32 reference);

/* Maps the page that `domain` granted under `reference` at an empty page.
 * Returns 0 and stores the mapping's handle in *handle, or a negative error (-XEN_EPERM: the
 * granter gave no such permission). */
int grant_map(u16 domain, u32 reference, bool read_only, struct page *page, u32 *handle);

/* Ends a mapping that grant_map made; `page` is an empty page again. */
int grant_unmap(struct page *page, u32 handle);

#endif
