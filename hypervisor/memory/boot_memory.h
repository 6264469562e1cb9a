/* SPDX-License-Identifier: MIT */
/* Boot memory: the ranges of free RAM at boot, from which the fixed tables are taken before the
 * allocator runs. */
#ifndef MEMORY_BOOT_MEMORY_H
#define MEMORY_BOOT_MEMORY_H

#include "lib/addr.h"
#include "vmmu/vmmu.h"

#define BOOT_MEMORY_LOW 0x100000ull /* what lies below is never given to the allocator */

/* boot_memory_add adds RAM [start, end), byte addresses, at first none of it reserved; a page that
 * is only partly in the range is not used, and what the direct map has no room for is left out.
 * What was added before may overlap. boot_memory_remove makes [start, end) no RAM,
 * boot_memory_reserve removes it from the free ranges, both with every page that is partly in it.
 * All panic if there are too many ranges. */
void boot_memory_add(u64 start, u64 end);
void boot_memory_remove(u64 start, u64 end);
void boot_memory_reserve(u64 start, u64 end);

/* The bytes of RAM that boot_memory_add has left out. */
u64 boot_memory_unused(void);

/* The range of RAM of this number, counted from 0 in no order. False: there is none. */
bool boot_memory_ram(u32 number, u64 *start, u64 *end);

/* One above the number of the highest frame of RAM added so far. */
u64 boot_memory_frames(void);

/* How many frames of RAM were added. */
u64 boot_memory_pages(void);

/* True when any RAM, free or reserved, lies in [start, end). */
bool boot_memory_has_ram(u64 start, u64 end);

/* True when all of [start, end) is free. */
bool boot_memory_is_free(u64 start, u64 end);

/* Marks each frame below boot_memory_frames() that is no RAM as a device frame (vmmu_own_device).
 */
void boot_memory_mark_devices(void);

/* From this call on, once the direct map is in use, boot_memory_take takes memory above 4 GiB, too.
 */
void boot_memory_reach_all(void);

/* Takes `size` bytes at a multiple of `align`, a power of two, as high as possible, so that
 * low memory is left for devices that need it; at first below 4 GiB. The memory is never
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
 * only boot_memory_frames, boot_memory_pages, boot_memory_ram, boot_memory_has_ram and
 * boot_memory_mark_devices may be called. */
void boot_memory_hand_over(bool dirty);

/* The allocator's function for boot (frames.c): makes the allocator empty, with the frame table
 * `frames`, which has `count` elements, and memory for the dirty map (dirty_size). */
void frames_start(struct vmmu_frame *frames, u64 count, void *dirty_map);

#endif
