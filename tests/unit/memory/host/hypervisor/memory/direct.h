/* SPDX-License-Identifier: MIT */
/* Stands in for the hypervisor's header of that name: the frames of the machine are an array of the
 * test. */
#ifndef MEMORY_DIRECT_H
#define MEMORY_DIRECT_H

#include "lib/addr.h"

extern unsigned char machine_memory[];

static inline void *frame_view(mfn_t m)
{
    return machine_memory + (m.n << PAGE_SHIFT);
}

static inline mfn_t frame_of_view(const void *view)
{
    return mfn((u64)((const unsigned char *)view - machine_memory) >> PAGE_SHIFT);
}

#endif
