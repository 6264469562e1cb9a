/* SPDX-License-Identifier: MIT */
/* The privileged domain of a machine whose boot loader gave a kernel and a ramdisk instead of
 * `pinion run`'s hand-off: as Xen is started. */
#ifndef BOOT_DOM0_H
#define BOOT_DOM0_H

#include "hypervisor/boot/handoff.h"
#include "hypervisor/boot/options.h"

/* Makes a hand-off with the privileged domain as its only guest of the modules that the boot loader
 * gave: the first is the kernel, whose command line is `module_text`; the second, if there is one,
 * is the ramdisk; others are not used. A bzImage is unpacked. Panics, with the reason, if there is
 * no kernel to start. Call it before the hypervisor loads its own page tables, and after the
 * loader's information has been read. */
void dom0_read(struct handoff *handoff, const struct boot_options *options,
               const char *module_text);

/* Writes to the log what the boot loader gave for dom0: kernel, ramdisk and command line. */
void dom0_describe(const struct handoff *handoff);

/* Decides what depends on the machine: the memory of the privileged domain, by its options and what
 * there is, and its vCPUs where the options do not say; if `guest` is another domain, nothing. Call
 * it when all CPUs are online. */
void dom0_size(struct handoff_guest *guest, const struct boot_options *options);

#endif
