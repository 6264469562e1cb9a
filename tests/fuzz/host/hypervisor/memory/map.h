/* SPDX-License-Identifier: MIT */
/* Views of frames on the fake machine: comes before hypervisor/memory/map.h in the include path. */
#ifndef MEMORY_MAP_H
#define MEMORY_MAP_H

#include "hypervisor/memory/layout.h"
#include "lib/addr.h"
#include "lib/x86/pte.h"

void *frame_view(mfn_t m);
mfn_t frame_of_view(const void *view);
u64 map_m2p_units(void);
mfn_t map_m2p_unit(u64 unit);

#endif
