/* SPDX-License-Identifier: MIT */
/* Segment bases that a guest sets. */
#ifndef CALL_SEGMENT_H
#define CALL_SEGMENT_H

#include "lib/types.h"

/* Serves set_segment_base for the current vCPU: sets the base `which` (SEGBASE_*) to `base`, or,
 * for SEGBASE_GS_USER_SEL, loads user mode's GS with the selector `base`. Returns the ABI's result.
 */
s64 segment_set_base(u64 which, u64 base);

#endif
