/* SPDX-License-Identifier: MIT */
/* What a Multiboot 2 boot loader provides (Multiboot2 specification 2.0, section 3.6). */
#ifndef BOOT_MULTIBOOT2_H
#define BOOT_MULTIBOOT2_H

#include "hypervisor/boot/loader.h"

/* Reads the boot information, of which at most `size` bytes may be read, into *loader, as
 * loader_read does. Nothing else is read, also if the information is damaged. */
const char *multiboot2_read(const u8 *info, u64 size, struct loader *loader);

#endif
