/* SPDX-License-Identifier: MIT */
/* The allocator of machine frames: a buddy system whose links live in the frame table. */
#ifndef MEMORY_FRAMES_H
#define MEMORY_FRAMES_H

#include "lib/addr.h"

#define FRAMES_ORDER_MAX 18u /* 1 GiB */

/* `1 << order` frames, aligned to that; MFN_NONE: none left. Contents: whatever was there, never
 * another guest's (freed guest memory is scrubbed first). */
mfn_t frames_alloc(u32 order);
void frames_free(mfn_t first, u32 order);
u64 frames_free_count(void);
u64 frames_count(void); /* of the machine: one above the highest frame of RAM */

/* Hypervisor memory: zeroed, seen through the direct map. NULL: none left. */
void *page_alloc(u32 order);
void page_free(void *page, u32 order);

#endif
