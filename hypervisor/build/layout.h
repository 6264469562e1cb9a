/* SPDX-License-Identifier: MIT */
/* The layout of a new guest's memory, as the ABI promises it to the guest's kernel (xen.h,
 * start-of-day memory layout). */
#ifndef BUILD_LAYOUT_H
#define BUILD_LAYOUT_H

#include "lib/addr.h"
#include "lib/pvimage.h"

/* A range of consecutive pfns. */
struct extent {
    u64 first, count;
};

/* Places are pfns, sizes are numbers of pages. The virtual address of a pfn below `mapped_end` is
 * the image's virt_base + pfn * PAGE_SIZE. */
struct guest_layout {
    u64 pages;
    struct extent ramdisk; /* count 0: the guest has no ramdisk */
    bool ramdisk_mapped;
    struct extent p2m;
    bool p2m_apart; /* the p2m list is mapped at the address init_p2m that the kernel asks for,
                       outside the range from virt_base */
    u64 start_info, store, console;
    struct extent tables;
    u64 stack;
    u64 mapped_end; /* one above the last pfn that is mapped from virt_base on */
};

/* Lays out a guest with `pages` pages of memory. *needed: how many pages this layout takes up at
 * least. False: that is more than `pages`. */
bool guest_layout_make(struct guest_layout *layout, const struct pvimage *image, u64 pages,
                       u64 ramdisk_size, u64 *needed);

#endif
