/* SPDX-License-Identifier: MIT */
/* The interrupts of the old devices that the hypervisor uses itself, the serial ports: by the two
 * 8259s; on a machine without them by an IO-APIC; without one that has the pin, the devices are
 * asked from time to time. Numbers are those of the ISA bus, 0 to 15. */
#ifndef IRQ_ISA_H
#define IRQ_ISA_H

#include "lib/types.h"

/* Finds out whether the machine has 8259s, and masks all of their interrupts. Once, before
 * isa_enable, with interrupts off, after acpi_read_interrupts and map_start, on the first CPU. */
void isa_start(void);

/* Lets interrupt `irq` arrive, at interrupt_of_device. Once for each, on the first CPU, on its
 * own stack, at boot. */
void isa_enable(u32 irq);

/* For the timer of kind TIMER_DEVICES: serves the devices that cannot interrupt. Returns the system
 * time at which it wants to be called again. */
u64 isa_poll(u64 now);

#endif
