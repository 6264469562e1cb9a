/* SPDX-License-Identifier: MIT */
/* Starting the other CPUs of the machine. */
#ifndef BOOT_SMP_H
#define BOOT_SMP_H

#include "hypervisor/boot/acpi.h"

/* Starts every CPU in `processors` but the first, which executes this, one after another; each goes
 * to its run loop. A CPU is left out, and the log says so, if it cannot be reached, does not come
 * up, lacks a feature of the first CPU, may not run guests (speculation_allows_cpu), has a TSC that
 * differs, or if there is no memory for it. `page`: the number of a page below 1 MiB that nothing
 * else uses; 0: there is none, and no other CPU is started. Once, after clock_start, on the CPU's
 * own stack. */
void smp_start(const struct processors *processors, u8 page);

#endif
