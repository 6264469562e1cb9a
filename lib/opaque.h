/* SPDX-License-Identifier: MIT */
/* Values of which the compiler is not to know how they were computed. */
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

/* Returns `pointer`, without letting the compiler know what it is computed from. For a function
 * that uses a member of a struct and then no longer the struct: the compiler keeps one address in a
 * register, not both. */
static inline void *opaque_pointer(void *pointer)
{
    __asm__("" : "+r"(pointer));
    return pointer;
}

#endif
