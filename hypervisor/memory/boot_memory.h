/* SPDX-License-Identifier: MIT */
/* Boot memory: the ranges of free RAM at boot, from which the fixed tables are taken before the
 * allocator runs. */
#ifndef MEMORY_BOOT_MEMORY_H
#define MEMORY_BOOT_MEMORY_H

#include "lib/addr.h"
#include "vmmu/vmmu.h"

#define BOOT_MEMORY_LOW 0x100000ull /* what lies below is never given to the allocator */

/* boot_memory_add adds RAM [start, end), byte addresses; a page that is only partly in the range is
 * not used. boot_memory_reserve removes [start, end) from the free ranges, with every page that is
 * partly in it. Both panic if there are too many ranges. */
void boot_memory_add(u64 start, u64 end);
void boot_memory_reserve(u64 start, u64 end);

/* One above the number of the highest frame of RAM added so far. */
u64 boot_memory_frames(void);

/* How many frames of RAM were added. */
u64 boot_memory_pages(void);

/* True when any RAM, free or reserved, lies in [start, end). */
bool boot_memory_has_ram(u64 start, u64 end);

/* Marks each frame below boot_memory_frames() that is no RAM as a device frame (vmmu_own_device).
 */
void boot_memory_mark_devices(void);

/* Takes `size` bytes below 4 GiB, at a multiple of `align`, a power of two. The memory is never
 * returned and is not cleared. Panics when there is none. */
maddr_t boot_memory_take(u64 size, u64 align);

/* Takes the highest free page below 1 MiB, except page 0: for code in real mode. Returns its
 * number; 0: there is none. */
u8 boot_memory_take_low(void);

/* The largest range of free memory below 4 GiB, for use until the next function is called that
 * takes memory; *size: its bytes, which may be 0. */
maddr_t boot_memory_largest(u64 *size);

/* Gives all memory that is still free to the allocator; with `dirty` as dirty memory, otherwise as
 * clean memory but for the last 32 MiB of each range of RAM, in which firmware works. Afterwards
 * only boot_memory_frames, boot_memory_pages, boot_memory_has_ram and boot_memory_mark_devices may
 * be called. */
void boot_memory_hand_over(bool dirty);

/* The allocator's function for boot (frames.c): makes the allocator empty, with the frame table
 * `frames`, which has `count` elements, and memory for the dirty map (dirty_size). */
void frames_start(struct vmmu_frame *frames, u64 count, void *dirty_map);

#endif
