/* SPDX-License-Identifier: MIT */
/* Whose a frame is: given, taken, shared, held, freed. */
#ifndef VMMU_OWNER_H
#define VMMU_OWNER_H

#include "vmmu/vmmu.h"

/* The last reference of `m` is gone, the last translation of it before clock value `since`. Flushes
 * as needed and hands the frame to the allocator. */
void owner_free(mfn_t m, u64 since);

/* The domain that owns `m`, on which the caller has a reference. */
struct vmmu_domain *owner_of(mfn_t m);

#endif
