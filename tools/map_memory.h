/* SPDX-License-Identifier: MIT */
/* Records a snapshot from the memory of an emulated machine, which the host can read. The machine
 * is stopped meanwhile, or has ended. */
#ifndef TOOLS_MAP_MEMORY_H
#define TOOLS_MAP_MEMORY_H

#include "tools/map_snapshot.h"

/* The memory of QEMU's machine `pc`, as one piece. */
struct machine_memory {
    const uint8_t *bytes;
    uint64_t size;
};

/* Records what the frame table and the tables of all domains say. Returns false, with an empty
 * snapshot, if the memory has no hypervisor which is past its start. For any contents of it only
 * that memory is read. */
bool map_memory_record(const struct machine_memory *memory, const char *label,
                       struct snapshot *snapshot, struct failure *failure);

#endif
