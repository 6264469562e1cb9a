/* SPDX-License-Identifier: MIT */
/* The fake machine has no tables of its own: comes before hypervisor/memory/map.h in the include
 * path. */
#ifndef MEMORY_MAP_H
#define MEMORY_MAP_H

#include "hypervisor/memory/direct.h"
#include "hypervisor/memory/layout.h"
#include "lib/addr.h"
#include "lib/x86/pte.h"

u64 map_m2p_units(void);
mfn_t map_m2p_unit(u64 unit);

#endif
