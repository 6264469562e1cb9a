/* SPDX-License-Identifier: MIT */
/* The hypervisor's own page tables: what the 16 L4 slots map that all address spaces share. */
#ifndef MEMORY_MAP_H
#define MEMORY_MAP_H

#include "hypervisor/memory/direct.h"
#include "hypervisor/memory/layout.h"
#include "lib/addr.h"
#include "lib/x86/pte.h"

/* Builds the hypervisor's tables: the direct map of all RAM of boot memory, and the image with its
 * access rights. The caller then loads map_idle_root(). Once, at boot. Panics without memory. */
void map_start(void);

/* Maps the screen's frame buffer of `bytes` bytes at machine address `at`, uncached, on the tables
 * that head.S has made; map_start takes it over into the hypervisor's own tables, write-combining.
 * Once, at boot, before map_start. Returns its address; NULL: there is no room for it. */
void *map_screen(maddr_t at, u64 bytes);

/* Unmaps the frame buffer, and maps it again at the same address. After map_start; needs neither
 * memory nor a lock, so that panic may call it. Flushes the pages on this CPU only. */
void map_screen_show(bool shown);

/* From now on no translation of the direct map, of descriptor windows or of CPU regions is global:
 * a load of CR3 drops them, because guests' roots do not map all of them. Once, after map_start,
 * before anything is mapped in a window or a region and before CR4.PGE is set. */
void map_isolate(void);

/* Maps frame `m` at `address`, one of the hypervisor's, in place of what was mapped there;
 * MFN_NONE: unmaps. `flags`: PTE_WRITABLE, PTE_NX, and so on; the entry is always present, and
 * global, except as map_isolate says. Flushes the page on this CPU only. False: no memory for a
 * table. Takes RANK_MAP. */
bool map_page(u64 address, mfn_t m, u64 flags);

/* The entry of level `level` that maps `address`, one of the hypervisor's, or leads to what does,
 * in the hypervisor's own tables; 0: none. */
u64 map_entry(u64 address, u32 level);

/* Maps the frame table: `bytes` bytes of memory from machine address `at`, a page's, in the area
 * that begins at LAYOUT_FRAMES. The table's offset in its first 2 MiB is kept, so that large pages
 * can map it, and nothing else is mapped in that area. Returns the table's address. Panics without
 * memory. */
void *map_frames(maddr_t at, u64 bytes);

/* Maps the M2P array at LAYOUT_M2P, read-only for guests and the hypervisor: `bytes` bytes of
 * memory from machine address `at`, both multiples of 2 MiB. Its translations are not global.
 * Panics without memory. */
void map_m2p(maddr_t at, u64 bytes);

/* The number of 2 MiB units of the M2P array, and the first frame of unit number `unit`. */
u64 map_m2p_units(void);
mfn_t map_m2p_unit(u64 unit);

/* Maps the page of device registers at machine address `at`, uncached and for ever. Returns the
 * address of `at`; NULL: no memory. */
void *device_map(maddr_t at);

/* For what is said by or for one domain and lies in the image: `static T name IMAGE_PRIVATE;`. No
 * root of a guest maps it where guests are isolated. It begins as zeroes, and is not to be reached
 * by its own address. map_private returns the address in the direct map of such a thing, and may be
 * called on the tables of head.S, too. */
#define IMAGE_PRIVATE __attribute__((section(".bss.private")))
void *map_private(void *thing);
bool map_is_private(mfn_t m); /* a page of such things */

/* From this call on, new tables are taken from the allocator instead of boot memory. */
void map_use_allocator(void);

/* The idle root, and its 16 entries for the hypervisor's slots, which every L4 table of a guest
 * gets. */
mfn_t map_idle_root(void);
const u64 *map_hypervisor_slots(void);

#endif
