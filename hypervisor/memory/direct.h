/* SPDX-License-Identifier: MIT */
/* The direct map: the hypervisor's view of all memory. */
#ifndef MEMORY_DIRECT_H
#define MEMORY_DIRECT_H

#include "hypervisor/memory/layout.h"
#include "lib/addr.h"

/* The address of machine memory in the direct map: of a byte, of a frame; and the frame of such an
 * address. */
static inline void *direct(maddr_t at)
{
    return (void *)(LAYOUT_DIRECT + at.a);
}

static inline void *frame_view(mfn_t m)
{
    return (void *)(LAYOUT_DIRECT + (m.n << PAGE_SHIFT));
}

static inline mfn_t frame_of_view(const void *view)
{
    return mfn(((u64)view - LAYOUT_DIRECT) >> PAGE_SHIFT);
}

#endif
