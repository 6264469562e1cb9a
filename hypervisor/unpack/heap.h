/* SPDX-License-Identifier: MIT */
/* The part of a C library that the compression libraries need. */
#ifndef UNPACK_HEAP_H
#define UNPACK_HEAP_H

#include "lib/types.h"

/* Makes `memory`, of `size` bytes, the heap: malloc takes from it, and free gives nothing back. */
void heap_start(void *memory, u64 size);

#endif
