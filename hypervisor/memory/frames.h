/* SPDX-License-Identifier: MIT */
/* The allocator of frames: a buddy system that keeps its lists in the frame table. The functions
 * that take and give back frames take RANK_FRAMES. */
#ifndef MEMORY_FRAMES_H
#define MEMORY_FRAMES_H

#include "lib/addr.h"

#define FRAMES_ORDER_MAX 18u /* 1 GiB */

/* frames_alloc takes `1 << order` frames, aligned to their number. Returns the first; MFN_NONE:
 * none are left. Their contents are undefined, but never those of another guest, since freed guest
 * memory is scrubbed first. frames_free gives a block of that form back. */
mfn_t frames_alloc(u32 order);
void frames_free(mfn_t first, u32 order);
/* The number of free frames. */
u64 frames_free_count(void);
u64 frames_count(void); /* of the machine: one above the highest frame of RAM */

/* page_alloc takes `1 << order` pages for the hypervisor and returns their address in the direct
 * map, cleared. NULL: none are left. page_free clears them and gives them back. */
void *page_alloc(u32 order);
void page_free(void *page, u32 order);

#endif
