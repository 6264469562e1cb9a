/* SPDX-License-Identifier: MIT */
/* All CPUs of the machine: starting the others, and stopping them. */
#ifndef BOOT_SMP_H
#define BOOT_SMP_H

#include "hypervisor/boot/acpi.h"

/* Starts every CPU of `processors` but this, the first, one after the other; each goes to its run
 * loop. One that does not come up, lacks what the first has, or whose TSC is not the first's is
 * reported and left out. Once, after clock_start, on the CPU's own stack. */
void smp_start(const struct processors *processors);

#endif
