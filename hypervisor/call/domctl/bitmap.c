/* SPDX-License-Identifier: MIT */
/* The ABI's bitmaps in guest memory. */
#include "hypervisor/call/domctl/domctl.h"
#include "hypervisor/memory/guest_copy.h"

#define BITMAP_BYTES_MAX 8192u /* more than any bitmap of CPUs or nodes has; limits the work */

static u64 bytes_of(const struct xenctl_bitmap *map)
{
    return ((u64)map->nr_bits + 7) / 8;
}

bool bitmap_read(const struct xenctl_bitmap *map, u64 *set)
{
    u64 bytes = bytes_of(map);

    *set = 0;
    if (!copy_from_guest(set, (u64)map->bitmap.p, bytes < sizeof *set ? bytes : sizeof *set)) {
        return !bytes;
    }
    if (map->nr_bits < 64) {
        *set &= (1ull << map->nr_bits) - 1;
    }
    return true;
}

bool bitmap_write(const struct xenctl_bitmap *map, u64 set)
{
    u64 at = (u64)map->bitmap.p, bytes = bytes_of(map),
        first = bytes < sizeof set ? bytes : sizeof set;

    if (!bytes) {
        return true;
    }
    if (map->nr_bits < 64) {
        set &= (1ull << map->nr_bits) - 1;
    }
    if (bytes > BITMAP_BYTES_MAX || !copy_to_guest(at, &set, first)) {
        return false;
    }
    for (u64 i = first; i < bytes; i++) {
        static const u8 zero;

        if (!copy_to_guest(at + i, &zero, 1)) {
            return false;
        }
    }
    return true;
}
