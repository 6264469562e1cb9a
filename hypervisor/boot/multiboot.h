/* SPDX-License-Identifier: MIT */
/* What a Multiboot 1 loader leaves (Multiboot specification 0.6.96, section 3.3). */
#ifndef BOOT_MULTIBOOT_H
#define BOOT_MULTIBOOT_H

#include "hypervisor/boot/handoff.h"

/* Reads the loader's information at machine address `at`: memory into boot_memory (the image, low
 * memory and the modules taken out), modules into `handoff`. Panics when there is no memory map. */
void multiboot_read(u32 at, struct handoff *handoff);

#endif
