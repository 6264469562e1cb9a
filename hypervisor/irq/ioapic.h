/* SPDX-License-Identifier: MIT */
/* The machine's IO-APICs, which turn the interrupt pins of devices into interrupts of a CPU.
 *
 * All pins of all IO-APICs have one numbering, ACPI's global system interrupts (GSI). The tables
 * say which GSIs each IO-APIC has, and how the pin of an ISA interrupt is triggered; the privileged
 * domain, which interprets the rest of ACPI, says it for the others (ioapic_set_form). Sources:
 * ACPI specification 6.5, section 5.2.12; Intel 82093AA data sheet. */
#ifndef IRQ_IOAPIC_H
#define IRQ_IOAPIC_H

#include "lib/types.h"

#define IOAPICS_MAX     8u
#define IOAPIC_PINS_MAX 240u
#define GSIS_MAX        256u /* pins with a higher number are not used */
#define ISA_IRQS        16u

/* How a pin is triggered. */
struct pin_form {
    bool level; /* else by an edge */
    bool low;   /* active low */
};

/* ---- at boot, before ioapic_start ---- */

/* Records an IO-APIC with its registers at machine address `address` and its first pin being GSI
 * `first_gsi`. One too many is ignored. */
void ioapic_found(u64 address, u32 first_gsi);

/* Records that ISA interrupt `irq` arrives at GSI `gsi`, and how: the two words `polarity` and
 * `trigger` as in the MADT's flags (0: as the bus has it, 1: high or edge, 3: low or level). */
void ioapic_isa_override(u32 irq, u32 gsi, u32 polarity, u32 trigger);

/* ---- later; the functions take RANK_IOAPIC ---- */

/* Maps the registers of the IO-APICs and masks all pins; a later call has no effect. Before it
 * there is no GSI. */
void ioapic_start(void);

/* One above the highest GSI; 0: there is no IO-APIC, or it has not been started. */
u32 ioapic_gsis(void);

/* Says whether there is a pin with this number, any value. */
bool ioapic_has_pin(u32 gsi);

/* The GSI at which ISA interrupt `irq` (below ISA_IRQS) arrives. */
u32 ioapic_gsi_of_isa(u32 irq);

/* The form of a pin, and its change. A change takes effect with the next ioapic_route. */
struct pin_form ioapic_form(u32 gsi);
void ioapic_set_form(u32 gsi, struct pin_form form);

/* ioapic_route makes a masked pin interrupt the CPU with APIC id `apic_id`, at most 0xff, with
 * `vector`, in the pin's present form. ioapic_aim changes the CPU alone, also of a pin that is not
 * masked; no interrupt is lost. */
void ioapic_route(u32 gsi, u32 vector, u32 apic_id);
void ioapic_aim(u32 gsi, u32 apic_id);

void ioapic_mask(u32 gsi);
void ioapic_unmask(u32 gsi);

/* Reads register `index` of the IO-APIC at machine address `address`; both are any value. False:
 * there is no such register. */
bool ioapic_read(u64 address, u32 index, u32 *value);

/* The GSI of the pin whose redirection entry register `index` of the IO-APIC at `address` is a half
 * of; *high: the upper half. False: it is no such register. */
bool ioapic_find_pin(u64 address, u32 index, u32 *gsi, bool *high);

/* The machine address of the registers of IO-APIC `number`, from 0. 0: there is none. */
u64 ioapic_address(u32 number);

/* ---- access to the registers of one IO-APIC: irq/ioapic_access.c, in tests the test ---- */

void *ioapic_map(u64 address);
u32 ioapic_register(volatile void *registers, u32 index);
void ioapic_set_register(volatile void *registers, u32 index, u32 value);

#endif
