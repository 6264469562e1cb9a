/* SPDX-License-Identifier: MIT */
/* The end of a frame's ownership: its return to the machine's allocator. */
#ifndef VMMU_FREE_H
#define VMMU_FREE_H

#include "vmmu/vmmu.h"

/* Gives frame `m`, whose last reference was just dropped, back to the machine's allocator
 * (port_frames_free), after a flush if one is needed. `since`: an epoch of the owner's clock, read
 * when the last translation of `m` had ended; if the owner is stopped (vmmu_domain_stop), the epoch
 * at which it stopped is used instead. Panics if `m` still has a type reference. */
void free_frame(mfn_t m, u64 since);

/* Gives frames of `domain`, which is stopped, back to the machine's allocator together, after a
 * flush if one is needed: those from `first` on, `most` of them at most, up to the first one that
 * is not the domain's or has another reference than the ownership reference. Returns how many.
 * Panics as free_frame. */
u64 free_run(struct vmmu_domain *domain, mfn_t first, u64 most);

#endif
