/* SPDX-License-Identifier: MIT */
/* Instructions of the hypervisor that may fault on a guest's account, and where they go on then. */
#ifndef CPU_EXTABLE_H
#define CPU_EXTABLE_H

#include "lib/types.h"

/* The fixup of the instruction at `rip`; 0: it must not fault. */
u64 extable_fixup(u64 rip);

#endif
