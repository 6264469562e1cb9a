/* SPDX-License-Identifier: MIT */
/* start: the C code of boot. Called by head.S in 64-bit mode, on the boot stack, with interrupts
 * off. `loader_information`: the machine address of the boot loader's information; `magic`: what
 * the loader left in EAX, which says what the information is (loader_read). */
#ifndef BOOT_START_H
#define BOOT_START_H

#include "lib/types.h"

_Noreturn void start(u32 loader_information, u32 magic);

#endif
