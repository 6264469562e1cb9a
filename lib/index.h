/* SPDX-License-Identifier: MIT */
/* Bounds for array indices that come from guests, computed without a branch. A caller that has
 * checked an index with a branch uses them too, because the processor may mispredict that branch
 * and execute the array access speculatively with a bad index (Spectre v1). */
#ifndef LIB_INDEX_H
#define LIB_INDEX_H

#include "lib/types.h"

/* Returns all ones if `index` is below `size`, else 0. */
static inline u64 index_mask(u64 index, u64 size)
{
    u64 mask;

    __asm__("cmp %2, %1\n\tsbb %0, %0" : "=r"(mask) : "r"(index), "rme"(size) : "cc");
    return mask;
}

/* Returns `index` if it is below `size`, else 0. */
static inline u64 index_masked(u64 index, u64 size)
{
    return index & index_mask(index, size);
}

/* Returns `index` if it is at most `most`, else `most`. */
static inline u64 index_clamped(u64 index, u64 most)
{
    __asm__("cmp %1, %0\n\tcmova %1, %0" : "+r"(index) : "r"(most) : "cc");
    return index;
}

#endif
