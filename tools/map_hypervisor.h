/* SPDX-License-Identifier: MIT */
/* Records a snapshot of the machine that this program runs on, in dom0 (lib/watch_frames.h). */
#ifndef TOOLS_MAP_HYPERVISOR_H
#define TOOLS_MAP_HYPERVISOR_H

#include "tools/map_snapshot.h"

/* Records the frames, the domains, and the tables of `domain`, or of all domains if that is
 * negative. What changes meanwhile is recorded as it was when its piece was read. Returns false,
 * with an empty snapshot, if the hypervisor cannot be asked. */
bool map_hypervisor_record(const char *label, long domain, struct snapshot *snapshot,
                           struct failure *failure);

#endif
