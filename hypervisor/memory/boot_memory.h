/* SPDX-License-Identifier: MIT */
/* Memory before the allocator runs: the ranges of free RAM, from which the fixed tables are taken.
 */
#ifndef MEMORY_BOOT_MEMORY_H
#define MEMORY_BOOT_MEMORY_H

#include "lib/addr.h"
#include "vmmu/vmmu.h"

/* Adds a range of RAM; takes a range out of what was added. Byte addresses; partial pages are lost
 * to RAM and kept to what is taken out. */
void boot_memory_add(u64 start, u64 end);
void boot_memory_reserve(u64 start, u64 end);

/* One above the highest frame of RAM added so far. */
u64 boot_memory_frames(void);

/* True when some RAM, free or reserved, lies in [start, end). */
bool boot_memory_has_ram(u64 start, u64 end);

/* `size` bytes, `align`ed, below 4 GiB, for good, not cleared. Panics when there is none. */
maddr_t boot_memory_take(u64 size, u64 align);

/* Hands the rest to the allocator: the end of this component. */
void boot_memory_hand_over(void);

/* The allocator's side (frames.c). */
void frames_start(struct vmmu_frame *frames, u64 count);
void frames_free_range(mfn_t first, u64 count);

#endif
