/* SPDX-License-Identifier: MIT */
/* The memory map that a toolstack sets for a managed domain, which the domain's guest then reads as
 * its own. The hypervisor only keeps it. */
#ifndef DOMAIN_MEMORY_MAP_H
#define DOMAIN_MEMORY_MAP_H

#include "lib/types.h"

#define MEMORY_MAP_MAX 128u

/* A range of the map, as the ABI has it (E820). */
struct memory_range {
    u64 start, size;
    u32 type;
} __attribute__((packed));

struct domain_map {
    u32 count;
    struct memory_range range[MEMORY_MAP_MAX];
};

#endif
