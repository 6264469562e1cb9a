/* SPDX-License-Identifier: MIT */
/* The hypervisor's own page tables: the 16 L4 slots that every address space shares. */
#ifndef MEMORY_MAP_H
#define MEMORY_MAP_H

#include "hypervisor/memory/direct.h"
#include "hypervisor/memory/layout.h"
#include "lib/addr.h"
#include "lib/x86/pte.h"

/* Builds the final tables: the direct map of `frames` frames, and the image with its rights. The
 * caller loads map_idle_root(). Once, at boot. */
void map_start(u64 frames);

/* Maps one page at a hypervisor address, making tables as needed; replaces what was there. MFN_NONE
 * unmaps. False: no memory for a table. Flushes the page on this CPU. */
bool map_page(u64 address, mfn_t m, u64 flags);

/* Shows the frame table, `bytes` from page `at` on, and nothing else in the first 2 MiB from
 * LAYOUT_FRAMES on and behind; returns where. Panics without memory for it. */
void *map_frames(maddr_t at, u64 bytes);

/* Shows the machine-to-physical array, `bytes` at `at`, read-only to everybody at LAYOUT_M2P; both
 * in 2 MiB units. Panics without memory for it. */
void map_m2p(maddr_t at, u64 bytes);

/* How many 2 MiB units it has, and the first frame of one. */
u64 map_m2p_units(void);
mfn_t map_m2p_unit(u64 unit);

/* An uncached page for a device's registers; NULL: no memory. Never undone. */
void *device_map(maddr_t at);

/* From here on new tables come from the allocator. */
void map_use_allocator(void);

/* The root that an idle CPU runs on, and its 16 hypervisor entries. */
mfn_t map_idle_root(void);
const u64 *map_hypervisor_slots(void);

#endif
