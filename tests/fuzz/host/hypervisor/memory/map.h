/* SPDX-License-Identifier: MIT */
/* Views of frames on the fake machine: stands before hypervisor/memory/map.h in the include path.
 */
#ifndef MEMORY_MAP_H
#define MEMORY_MAP_H

#include "hypervisor/memory/layout.h"
#include "lib/addr.h"

#define MAP_PRESENT  (1ull << 0)
#define MAP_WRITE    (1ull << 1)
#define MAP_USER     (1ull << 2)
#define MAP_ACCESSED (1ull << 5)
#define MAP_DIRTY    (1ull << 6)
#define MAP_NX       (1ull << 63)

void *frame_view(mfn_t m);
mfn_t frame_of_view(const void *view);
u64 map_m2p_units(void);
mfn_t map_m2p_unit(u64 unit);

#endif
