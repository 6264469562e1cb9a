/* SPDX-License-Identifier: MIT */
/* What a Multiboot 1 boot loader provides (Multiboot specification 0.6.96, section 3.3). */
#ifndef BOOT_MULTIBOOT_H
#define BOOT_MULTIBOOT_H

#include "hypervisor/boot/loader.h"

/* Reads the boot information at machine address `at` into *loader, as loader_read does. */
const char *multiboot_read(u32 at, struct loader *loader);

#endif
