/* SPDX-License-Identifier: MIT */
/* The machine as ACPI describes it: processors, interrupt controllers, and the registers that
 * switch it off. All functions read tables as acpi_tables.h says; what is not described counts as
 * absent. Source: ACPI specification 6.5, section 5.2. */
#ifndef BOOT_ACPI_H
#define BOOT_ACPI_H

#include "lib/types.h"
#include "vmmu/vmmu.h"

struct processors {
    u32 count;                  /* elements in use of apic_id; 0: ACPI lists no processor */
    u32 apic_id[VMMU_CPUS_MAX]; /* APIC ids of the enabled processors, in the firmware's order */
    u32 left_out;               /* enabled processors that are not in apic_id, because it is full */
};

/* Reads the processors of the MADT. If there is none, the count is 0. */
void acpi_read_processors(struct processors *processors);

/* Reports the IO-APICs of the MADT, and at which pins ISA interrupts arrive, to irq/ioapic.h. */
void acpi_read_interrupts(void);

/* Reports the registers by which the machine is switched off and reset, of the FADT, to
 * cpu/machine.h. */
void acpi_read_power(void);

/* Reports the power management timer, of the FADT, to time/pm_timer.h. One that is not in an I/O
 * port counts as absent. */
void acpi_read_timer(void);

/* Reports the windows on PCI configuration space by pci_window_found. */
void acpi_read_windows(void);

/* The machine address of the registers of the HPET; 0: there is none. */
u64 acpi_hpet(void);

#endif
