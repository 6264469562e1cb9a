/* SPDX-License-Identifier: MIT */
/* What ACPI says of the machine (ACPI specification 6.5, 5.2): its processors. */
#ifndef BOOT_ACPI_H
#define BOOT_ACPI_H

#include "lib/types.h"
#include "vmmu/vmmu.h"

struct processors {
    u32 count;                  /* of apic_id; 0: ACPI says nothing */
    u32 apic_id[VMMU_CPUS_MAX]; /* enabled ones, in the firmware's order */
    u32 left_out;               /* more than fit */
};

/* Reads the MADT, where the firmware of a PC leaves the way to it in its first MiB. While all of
 * the first 4 GiB is mapped (before map_start): tables that lie higher, or whose checksum is wrong,
 * count as absent. */
void acpi_read_processors(struct processors *processors);

#endif
