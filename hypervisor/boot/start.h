/* SPDX-License-Identifier: MIT */
/* From head.S: 64-bit mode, the boot stack, interrupts off. */
#ifndef BOOT_START_H
#define BOOT_START_H

#include "lib/types.h"

_Noreturn void start(u32 loader_information);

#endif
