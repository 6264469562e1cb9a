/* SPDX-License-Identifier: MIT */
/* What a Multiboot 1 boot loader provides (Multiboot specification 0.6.96, section 3.3). */
#ifndef BOOT_MULTIBOOT_H
#define BOOT_MULTIBOOT_H

#include "hypervisor/boot/handoff.h"
#include "hypervisor/boot/options.h"

/* Reads the boot information at machine address `at`: adds RAM to boot memory, without the image,
 * the first MiB and the modules, keeps the memory map (memory/machine_map.h), lists the modules in
 * *handoff, and copies the hypervisor's command line to `command_line`, of COMMAND_LINE_MAX
 * bytes. Panics if there is no memory
 * map, or more than HANDOFF_MODULES_MAX modules. */
void multiboot_read(u32 at, struct handoff *handoff, char *command_line);

#endif
