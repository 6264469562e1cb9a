/* SPDX-License-Identifier: MIT */
/* Descriptors: which ones a guest may load, and the check of a page of them. */
#ifndef VMMU_DESCRIPTOR_H
#define VMMU_DESCRIPTOR_H

#include "vmmu/vmmu.h"

#define DESCRIPTORS_PER_PAGE 512u

/* Returns the descriptor that a descriptor page holds when a guest wrote `descriptor`: the ring of
 * a present code or data segment becomes 3, because a guest's kernel runs in ring 3, too. Every
 * other descriptor is returned unchanged. */
u64 descriptor_installed(u64 descriptor);

/* Checks all descriptors of page `m`, which this CPU owns exclusively, and sets the ring of its
 * present code and data segments to 3. False: a guest may not load one of the descriptors; *word is
 * the first such one, and the page is unchanged. */
bool descriptor_page_adopt(mfn_t m, u64 *word);

#endif
