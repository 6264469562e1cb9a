/* SPDX-License-Identifier: MIT */
/* The processors of the machine, as ACPI lists them (ACPI specification 6.5, section 5.2). */
#ifndef BOOT_ACPI_H
#define BOOT_ACPI_H

#include "lib/types.h"
#include "vmmu/vmmu.h"

struct processors {
    u32 count;                  /* elements in use of apic_id; 0: ACPI lists no processor */
    u32 apic_id[VMMU_CPUS_MAX]; /* APIC ids of the enabled processors, in the firmware's order */
    u32 left_out;               /* enabled processors that are not in apic_id, because it is full */
};

/* Reads the MADT, which is found through a root pointer in the first MiB of a PC's memory. If there
 * is no MADT, the count is 0. Call it before map_start, while the first 4 GiB are mapped; a table
 * beyond them, with an implausible size or with a wrong checksum counts as absent. */
void acpi_read_processors(struct processors *processors);

#endif
