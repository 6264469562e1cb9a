/* SPDX-License-Identifier: MIT */
/* The direct map: the hypervisor's view of all memory. */
#ifndef MEMORY_DIRECT_H
#define MEMORY_DIRECT_H

#include "hypervisor/memory/layout.h"
#include "lib/addr.h"

/* Conversions: machine address to its address in the direct map (direct), frame to its address
 * there (frame_view), and such an address to its frame (frame_of_view). */
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
