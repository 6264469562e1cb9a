/* SPDX-License-Identifier: MIT */
/* The allocator of frames: a buddy system that keeps its lists in the frame table. The functions
 * that take and give back frames take RANK_FRAMES.
 *
 * A free frame is clean, that is, all its words are 0, or dirty: it may still have the contents
 * that its last user left. Nobody waits for a frame to be cleaned when it is freed: idle CPUs clean
 * dirty frames (frames_clean), and an allocation that finds no clean frame cleans what it takes. So
 * every frame that is handed out is clean. */
#ifndef MEMORY_FRAMES_H
#define MEMORY_FRAMES_H

#include "lib/addr.h"

#define FRAMES_ORDER_MAX 18u /* 1 GiB */

/* frames_alloc takes `1 << order` clean frames, aligned to their number. Returns the first;
 * MFN_NONE: none are left. frames_free gives a block of that form back, dirty. */
mfn_t frames_alloc(u32 order);

/* Does what frames_alloc does, but takes only frames with machine addresses below 1 << bits, unless
 * `bits` is 0. */
mfn_t frames_alloc_below(u32 order, u32 bits);

void frames_free(mfn_t first, u32 order);

/* Gives `count` frames of RAM from `first` on to the allocator; with `dirty` as dirty ones,
 * otherwise as clean ones, which they must be. */
void frames_free_range(mfn_t first, u64 count, bool dirty);

/* Cleans up to 16 dirty frames. False: there was nothing to do. For idle CPUs; takes RANK_FRAMES
 * before and after, but not during the work. */
bool frames_clean(void);

/* The number of free frames, and how many of these are dirty. */
u64 frames_free_count(void);
u64 frames_dirty_count(void);
u64 frames_count(void); /* of the machine: one above the highest frame of RAM */

/* If `m`, any number, is free, being cleaned or not: how many frames from it on are free with it,
 * at least 1. 0: it is not. May be out of date at once. Takes RANK_FRAMES. */
u64 frames_free_from(mfn_t m);

/* page_alloc takes `1 << order` pages for the hypervisor and returns their address in the direct
 * map, cleared. NULL: none are left. page_free gives them back. */
void *page_alloc(u32 order);
void page_free(void *page, u32 order);

/* Says that the pages of page_alloc at `page` are for domain `owner` alone, and may be mapped where
 * that domain runs; otherwise they are the hypervisor's. page_free ends it, and page_unmark, which
 * removes them from no view: that is up to the caller. */
void page_mark(void *page, u32 order, u16 owner);
void page_unmark(void *page, u32 order);

/* The domain for which page_mark was called for frame `m`, which exists and has no owner in the
 * frame table; PAGE_UNMARKED: none. */
#define PAGE_UNMARKED 0xffffffffu
u32 page_marked(mfn_t m);

/* Defined by domain/: frame `m`, a page of the hypervisor, is no longer for domain `owner` alone.
 * When this returns, the page is mapped nowhere where that domain runs. */
void page_mark_ends(u16 owner, mfn_t m);

/* Compares the lists, the dirty map and the counts with one another, and reads a part of each clean
 * frame. Logs one line for each difference and returns their number. No other CPU may use the
 * allocator meanwhile. */
u64 frames_audit(void);

#endif
