/* SPDX-License-Identifier: MIT */
/* Which parts of a page hold anything: for page tables, which are mostly empty. */
#ifndef LIB_PARTS_H
#define LIB_PARTS_H

#define PARTS_OF_PAGE 16 /* a part is 256 bytes */
#define PART_SIZE     256

#ifndef __ASSEMBLER__

#include "lib/types.h"

/* Says for each part of the page whether it holds a byte that is not 0: bit i for part i, the first
 * being part 0. The words are read as ordinary ones: for atomic ones a compiler emits a load and an
 * OR each, twice the instructions. Other processors may set bits meanwhile in words that are not 0,
 * which changes no answer. ThreadSanitizer would report these reads, so it skips the function. The
 * expression has no loop, because a loop costs more instructions than its body. */
static inline __attribute__((no_sanitize("thread"))) u32 parts_in_use(const void *page)
{
    const u64 *part = page;
    u32 used = 0;

    for (u32 i = 0; i < PARTS_OF_PAGE; i++, part += PART_SIZE / sizeof(u64)) {
        const u64 any =
            (part[0] | part[1] | part[2] | part[3] | part[4] | part[5] | part[6] | part[7] |
             part[8] | part[9] | part[10] | part[11] | part[12] | part[13] | part[14] | part[15] |
             part[16] | part[17] | part[18] | part[19] | part[20] | part[21] | part[22] | part[23] |
             part[24] | part[25] | part[26] | part[27] | part[28] | part[29] | part[30] | part[31]);
        used |= (u32)(any != 0) << i;
    }
    return used;
}

#endif
#endif
