/* SPDX-License-Identifier: MIT */
/* The machine's memory map. */
#include "hypervisor/memory/machine_map.h"
#include "hypervisor/log/log.h"

static struct {
    struct machine_range range[MACHINE_RANGES_MAX];
    u32 count;
} machine;

void machine_map_add(u64 start, u64 size, u32 type)
{
    if (machine.count == MACHINE_RANGES_MAX) {
        panic("the machine's memory map has more than %u ranges", MACHINE_RANGES_MAX);
    }
    machine.range[machine.count++] = (struct machine_range){start, size, type};
}

const struct machine_range *machine_map(u32 *count)
{
    *count = machine.count;
    return machine.range;
}
