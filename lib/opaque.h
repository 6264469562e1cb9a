/* SPDX-License-Identifier: MIT */
/* Values that the compiler is not to compute again. */
#ifndef LIB_OPAQUE_H
#define LIB_OPAQUE_H

#include "lib/types.h"

/* Returns `value`, without letting the compiler know that it is constant. For a loop: the compiler
 * keeps the value in a register or in memory, instead of making it anew each time. */
static inline u64 opaque(u64 value)
{
    __asm__("" : "+r"(value));
    return value;
}

#endif
