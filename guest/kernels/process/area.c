/* SPDX-License-Identifier: MIT */
/* The areas of a process: finding, adding, changing and removing them. */
#include "guest/kernels/process/process.h"

struct area *area_at(struct process *process, u64 va)
{
    for (unsigned i = 0; i < AREAS; i++) {
        if (va >= process->areas[i].start && va < process->areas[i].end) {
            return &process->areas[i];
        }
    }
    return NULL;
}

/* Returns an unused element of the process's areas; NULL: there is none. */
static struct area *area_unused(struct process *process)
{
    for (unsigned i = 0; i < AREAS; i++) {
        if (!process->areas[i].end) {
            return &process->areas[i];
        }
    }
    return NULL;
}

s64 area_add(struct process *process, struct area area)
{
    struct area *unused = area_unused(process);

    if (!unused || area.start >= area.end || area.end > USER_END || area.start % PAGE_SIZE ||
        area.end % PAGE_SIZE) {
        return -XEN_EINVAL;
    }
    for (unsigned i = 0; i < AREAS; i++) {
        if (area.start < process->areas[i].end && process->areas[i].start < area.end) {
            return -XEN_EEXIST;
        }
    }
    *unused = area;
    return 0;
}

/* Splits the area that contains `va`, so that an area begins there. Returns false if the process
 * has too many areas. */
static bool area_split(struct process *process, u64 va)
{
    struct area *area = area_at(process, va), *upper;

    if (!area || area->start == va) {
        return true;
    }
    upper = area_unused(process);
    if (!upper) {
        return false;
    }
    *upper = *area;
    upper->start = area->end = va;
    if (area->image) {
        u64 below = va - area->start;

        upper->image += below < area->image_size ? below : area->image_size;
        upper->image_size -= below < area->image_size ? below : area->image_size;
    }
    return true;
}

s64 area_change(struct process *process, u64 va, u64 length, bool remove, u64 flags)
{
    if (va % PAGE_SIZE || length % PAGE_SIZE || va + length < va || va + length > USER_END) {
        return -XEN_EINVAL;
    }
    if (!area_split(process, va) || !area_split(process, va + length)) {
        return -XEN_ENOMEM;
    }
    for (unsigned i = 0; i < AREAS; i++) {
        struct area *area = &process->areas[i];

        if (area->start < va || area->end > va + length || !area->end) {
            continue;
        }
        if (remove) {
            *area = (struct area){.end = 0};
        } else {
            area->flags = flags;
        }
    }
    return remove ? space_unmap(&process->space, va, length)
                  : space_protect(&process->space, va, length, flags);
}
