/* SPDX-License-Identifier: MIT */
/* Where everything lies in a new guest's memory, as the ABI promises its kernel (xen.h, start of
 * day). */
#ifndef BUILD_LAYOUT_H
#define BUILD_LAYOUT_H

#include "lib/addr.h"
#include "lib/pvimage.h"

/* A run of pfns. */
struct extent {
    u64 first, count;
};

/* All pfns; virtual address = virt_base + pfn * PAGE_SIZE up to `mapped_end`. */
struct guest_layout {
    u64 pages;
    struct extent ramdisk; /* count 0: none */
    bool ramdisk_mapped;
    struct extent p2m;
    bool p2m_apart; /* mapped at init_p2m, not in the kernel's range */
    u64 start_info, store, console;
    struct extent tables;
    u64 stack;
    u64 mapped_end; /* one above the last mapped pfn */
};

/* Computes it for a guest of `pages` pages; false: it does not fit, `*needed` pages would do. */
bool guest_layout_make(struct guest_layout *layout, const struct pvimage *image, u64 pages,
                       u64 ramdisk_size, u64 *needed);

#endif
