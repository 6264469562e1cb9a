/* SPDX-License-Identifier: MIT */
/* The machine's memory map: what the firmware said of each range of machine addresses. The
 * privileged domain gets it as it is. */
#ifndef MEMORY_MACHINE_MAP_H
#define MEMORY_MACHINE_MAP_H

#include "lib/types.h"

#define MACHINE_RANGES_MAX 128u
#define MACHINE_RAM        1u /* the type of RAM that is free; other types: ACPI 6.5, section 15 */

/* One range of the map, in the form in which XENMEM_machine_memory_map gives it out (E820). */
struct machine_range {
    u64 start, size; /* bytes */
    u32 type;
} __attribute__((packed));

/* The end of a range; the last address if the loader's sizes lead beyond it. */
static inline u64 machine_range_end(const struct machine_range *range)
{
    return range->size > ~range->start ? ~0ull : range->start + range->size;
}

/* Adds a range. Panics if there are more than MACHINE_RANGES_MAX. At boot only. */
void machine_map_add(u64 start, u64 size, u32 type);

/* The ranges, in the firmware's order, and their number. */
const struct machine_range *machine_map(u32 *count);

#endif
