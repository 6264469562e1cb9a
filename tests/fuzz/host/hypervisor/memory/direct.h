/* SPDX-License-Identifier: MIT */
/* Views of frames on the fake machine: comes before hypervisor/memory/direct.h in the include path.
 */
#ifndef MEMORY_DIRECT_H
#define MEMORY_DIRECT_H

#include "hypervisor/memory/layout.h"
#include "lib/addr.h"

void *direct(maddr_t at); /* of the BIOS's data area alone */
void *frame_view(mfn_t m);
mfn_t frame_of_view(const void *view);

#endif
