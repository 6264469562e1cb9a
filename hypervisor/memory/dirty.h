/* SPDX-License-Identifier: MIT */
/* The dirty map: which free frames may have contents other than zeroes. One bit a frame, and one
 * bit for each word of the map that is not 0, so that a block of any size is checked by reading
 * few words. For the frame allocator only.
 *
 * `at` and `order` describe a block of `1 << order` frames from number `at`, which is a multiple of
 * that. The caller holds the allocator's lock, unless the function says otherwise. */
#ifndef MEMORY_DIRTY_H
#define MEMORY_DIRTY_H

#include <stdatomic.h>

#include "lib/types.h"

/* The bytes that the map needs for `frames` frames. */
u64 dirty_size(u64 frames);

/* Starts with the map at `memory`, of dirty_size bytes, for `frames` frames, none of which is
 * dirty. Once, before any other function. */
void dirty_start(void *memory, u64 frames);

/* True when at least one frame of the block is dirty. */
bool dirty_any(u64 at, u32 order);

/* Returns a bit for each frame of the block, of at most 64, from bit 0 up: whether it is dirty. */
u64 dirty_bits(u64 at, u32 order);

/* Marks all frames of the block as dirty. */
void dirty_set(u64 at, u32 order);

/* Clears the contents of the dirty frames of the block, which stay marked. Returns how many there
 * are. The caller does not hold the lock, and has taken the block off the free lists. */
u64 dirty_wipe(u64 at, u32 order);

/* Marks no frame of the block as dirty any more. */
void dirty_clear(u64 at, u32 order);

#endif
