/* SPDX-License-Identifier: MIT */
/* The anchor, by which programs outside of the machine find the hypervisor's tables
 * (lib/watch_anchor.h). */
#ifndef DOMAIN_ANCHOR_H
#define DOMAIN_ANCHOR_H

#include "lib/addr.h"

/* Completes the anchor: the hypervisor's own root, the address of the frame table in it, and how
 * many frames that has. At boot, once, after vmmu_start. */
void anchor_start(mfn_t root, vaddr_t frame_table, u64 frames);

#endif
