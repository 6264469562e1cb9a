/* SPDX-License-Identifier: MIT */
/* Laying out a new guest's memory. */
#include "hypervisor/build/layout.h"

#define PADDING     (512u * 1024 / PAGE_SIZE) /* least number of pages mapped above boot stack */
#define MAPPED_UNIT (4u * 1024 * 1024)

static u64 pages_of(u64 bytes)
{
    return (bytes + PAGE_SIZE - 1) >> PAGE_SHIFT;
}

/* The number of tables of levels 1 to 3 that map the addresses from `start` up to `end`. */
static u64 tables_for(u64 start, u64 end)
{
    u64 count = 0;

    for (u32 shift = 21; shift <= 39; shift += 9) {
        count += ((end - 1) >> shift) - (start >> shift) + 1;
    }
    return count;
}

static struct extent take(u64 *at, u64 count)
{
    struct extent extent = {*at, count};

    *at += count;
    return extent;
}

/* Lays the memory out with room for `tables` page tables. Returns how many tables the result needs,
 * which may be more. */
static u64 lay_out(struct guest_layout *l, const struct pvimage *image, u64 ramdisk_size,
                   u64 tables)
{
    u64 at = pages_of(image->end), needed, end;

    l->ramdisk_mapped = !image->ramdisk_unmapped;
    l->ramdisk = take(&at, l->ramdisk_mapped ? pages_of(ramdisk_size) : 0);
    l->p2m_apart = image->init_p2m != PVIMAGE_UNSET;
    if (!l->p2m_apart) {
        l->p2m = take(&at, pages_of(l->pages * sizeof(u64)));
    }
    l->start_info = at++;
    l->store = at++;
    l->console = at++;
    l->tables = take(&at, tables);
    l->stack = at++;
    end = image->virt_base + ((at + PADDING) << PAGE_SHIFT);
    end = (end + MAPPED_UNIT - 1) & ~(u64)(MAPPED_UNIT - 1);
    l->mapped_end = (end - image->virt_base) >> PAGE_SHIFT;
    /* The rest of the mapped range is ordinary memory; parts that are not mapped come after it. */
    at = l->mapped_end;
    if (l->p2m_apart) {
        l->p2m = take(&at, pages_of(l->pages * sizeof(u64)));
    }
    if (!l->ramdisk_mapped) {
        l->ramdisk = take(&at, pages_of(ramdisk_size));
    }
    needed = 1 + tables_for(image->virt_base, end ? end : ~0ull);
    if (l->p2m_apart) {
        needed += tables_for(image->init_p2m, image->init_p2m + l->pages * sizeof(u64));
    }
    return needed;
}

bool guest_layout_make(struct guest_layout *l, const struct pvimage *image, u64 pages,
                       u64 ramdisk_size, u64 *needed)
{
    u64 tables = 1, want;

    *l = (struct guest_layout){.pages = pages};
    while ((want = lay_out(l, image, ramdisk_size, tables)) > tables) {
        tables = want;
    }
    *needed = l->mapped_end;
    if (l->p2m_apart) {
        *needed = l->p2m.first + l->p2m.count;
    }
    if (!l->ramdisk_mapped) {
        *needed = l->ramdisk.first + l->ramdisk.count;
    }
    return *needed <= pages;
}
