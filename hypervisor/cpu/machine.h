/* SPDX-License-Identifier: MIT */
/* The end of the machine. */
#ifndef CPU_MACHINE_H
#define CPU_MACHINE_H

#include "lib/types.h"

/* Tells the outside `status` (enum handoff_exit), then stops this CPU for good. */
_Noreturn void machine_exit(u8 status);

#endif
