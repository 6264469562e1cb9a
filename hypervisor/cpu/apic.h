/* SPDX-License-Identifier: MIT */
/* The local APIC of this CPU: its timer, and interrupts between CPUs. */
#ifndef CPU_APIC_H
#define CPU_APIC_H

#include "lib/types.h"

/* Enables this CPU's local APIC, as an x2APIC if the CPU has one or the firmware has made it one.
 * Nothing of what the firmware left in it counts: the LVT is masked but for LINT1, which brings
 * NMIs, and errors; no interrupt is in service. Its timer is stopped, and interrupts once each time
 * it is set. The first call finds the APIC, and maps its registers if it is not an x2APIC. Panics
 * if there is no APIC, or no memory to map it. */
void apic_start(void);

/* Lets LINT0 of this CPU pass on the interrupts of the 8259s. */
void apic_accept_pic(void);

/* The APIC id of this CPU. */
u32 apic_id(void);
/* Ends the interrupt in service (EOI), so that others of the same or a lower priority can come. */
void apic_acknowledge(void);

/* Sends interrupt `vector` to the CPU with APIC id `id`. Does not wait for its arrival. */
void apic_send(u32 id, u32 vector);

/* Sends an NMI to all other CPUs, which interrupts them even while interrupts are off. */
void apic_send_nmi_to_others(void);

/* apic_send_init resets the CPU with APIC id `id`. apic_send_start makes a CPU that was reset begin
 * in real mode at the start of page number `page`, below 256 (Intel manual 3A: INIT and start-up
 * IPIs). */
void apic_send_init(u32 id);
void apic_send_start(u32 id, u32 page);

/* False if the CPU with APIC id `id` cannot be reached: the id does not fit this kind of local
 * APIC. */
bool apic_can_send_to(u32 id);

/* Makes the timer interrupt come once, `ticks` from now, instead of when it was set before. 0 stops
 * the timer. Only if apic_timer_has_deadline() is false. */
void apic_timer_set(u32 ticks);

/* The ticks left until the timer interrupt, or in a measurement until the count ends; 0: the timer
 * is stopped, or in TSC-deadline mode. */
u32 apic_timer_left(void);

/* True when the timer is set by a TSC value (TSC-deadline mode). Then only apic_timer_deadline may
 * set the timer; it makes the interrupt come when the TSC reaches `tsc`. 0 stops the timer. */
bool apic_timer_has_deadline(void);
void apic_timer_deadline(u64 tsc);

/* For measuring the timer's frequency: apic_measure_start makes the timer count down from 2^32 - 1
 * without an interrupt; apic_measure_end makes it an ordinary stopped timer again. */
void apic_measure_start(void);
void apic_measure_end(void);

#endif
