/* SPDX-License-Identifier: MIT */
/* Called by head.S in 64-bit mode, on the boot stack, with interrupts off. */
#ifndef BOOT_START_H
#define BOOT_START_H

#include "lib/types.h"

_Noreturn void start(u32 loader_information);

#endif
