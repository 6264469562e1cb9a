/* SPDX-License-Identifier: MIT */
/* The end of a frame's ownership: its return to the machine's allocator. */
#ifndef VMMU_FREE_H
#define VMMU_FREE_H

#include "vmmu/vmmu.h"

/* Gives frame `m`, whose last reference was just dropped, back to the machine's allocator
 * (port_frame_free), after a flush if one is needed. `since`: an epoch of the owner's clock, read
 * when the last translation of `m` had ended; if the owner is stopped (vmmu_domain_stop), the epoch
 * at which it stopped is used instead. Panics if `m` still has a type reference. */
void free_frame(mfn_t m, u64 since);

#endif
