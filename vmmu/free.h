/* SPDX-License-Identifier: MIT */
/* The end of a frame's ownership. */
#ifndef VMMU_FREE_H
#define VMMU_FREE_H

#include "vmmu/vmmu.h"

/* Gives frame `m`, whose last reference was just put, back to the machine's allocator, after a
 * flush if one is needed. `since`: the epoch after the last translation of `m` ended. Panics if the
 * frame is still in use as a type. */
void free_frame(mfn_t m, u64 since);

#endif
