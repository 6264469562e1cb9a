/* SPDX-License-Identifier: MIT */
/* Numbers from guests as indices, while the processor may still guess that they are in range:
 * without a branch, so that no guess is involved. The caller has checked them as well, and answers
 * for it. */
#ifndef LIB_INDEX_H
#define LIB_INDEX_H

#include "lib/types.h"

/* All ones if `index` is below `size`, else 0. */
static inline u64 index_mask(u64 index, u64 size)
{
    u64 mask;

    __asm__("cmp %2, %1\n\tsbb %0, %0" : "=r"(mask) : "r"(index), "rme"(size) : "cc");
    return mask;
}

/* `index` if it is below `size`, else 0. */
static inline u64 index_masked(u64 index, u64 size)
{
    return index & index_mask(index, size);
}

/* The smaller of the two. */
static inline u64 index_clamped(u64 index, u64 most)
{
    __asm__("cmp %1, %0\n\tcmova %1, %0" : "+r"(index) : "r"(most) : "cc");
    return index;
}

#endif
