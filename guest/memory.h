/* SPDX-License-Identifier: MIT */
/* Memory that comes, goes, or is somebody else's. On the bare machine all of it is -XEN_ENOSYS.
 *
 * Pages without memory behind them are what foreign and granted frames are shown at: the balloon
 * leaves them, and start-up provides some. While one shows such a frame the p2m has it as foreign,
 * and the direct map shows it. */
#ifndef GUEST_MEMORY_H
#define GUEST_MEMORY_H

#include "guest/page.h"

/* A page without memory, and back. NULL: there is none. */
struct page *memory_take_empty(void);
void memory_release_empty(struct page *page);

/* Gives the frames of `count` pages back to the hypervisor; each page has one use, the caller's,
 * and becomes an empty one. The number of pages it worked for, from the first; or the first error.
 */
long memory_balloon_out(struct page **pages, u64 count);

/* Gets a frame for an empty page, which becomes an ordinary one with one use. */
int memory_balloon_in(struct page *page);

/* Exchanges the frames behind 2^order pages in a row for as many machine frames in a row, below
 * 2^address_bits. What the pages held is lost. -XEN_ENOMEM and others: nothing has changed. */
int memory_make_contiguous(struct page *first, unsigned order, unsigned address_bits);

/* Shows frames of another domain at empty pages, when the hypervisor lets us. All or nothing. */
int memory_map_foreign(u16 domain, const mfn_t *frames, u64 count, struct page **pages);
int memory_unmap_foreign(struct page **pages, u64 count);

/* ---- grants ---- */

/* Lets another domain map a page. The reference, or a negative error. */
long grant_give(u16 domain, const struct page *page, bool read_only);

/* Ends that. -XEN_EBUSY: it is still mapped. */
int grant_end(u32 reference);

/* Maps what another domain granted at an empty page; `handle` is for the end of it. */
int grant_map(u16 domain, u32 reference, bool read_only, struct page *page, u32 *handle);
int grant_unmap(struct page *page, u32 handle);

#endif
