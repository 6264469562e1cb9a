/* SPDX-License-Identifier: MIT */
/* The local APIC of this CPU: its timer, and interrupts between CPUs. */
#ifndef CPU_APIC_H
#define CPU_APIC_H

#include "lib/types.h"

/* Enables it, as an x2APIC where it can be one: timer one-shot and stopped, LINT0 passes the 8259s
 * on (on the boot CPU). The first call maps it. Panics where there is none. */
void apic_start(void);

u32 apic_id(void);
void apic_acknowledge(void);

/* Sends `vector` to the CPU with APIC id `id`. */
void apic_send(u32 id, u32 vector);

/* The same to all others: an NMI, which nothing holds off. */
void apic_send_nmi_to_others(void);

/* Resets the CPU with APIC id `id`; has one that was reset begin at `page` of the first MiB, in
 * real mode. */
void apic_send_init(u32 id);
void apic_send_start(u32 id, u32 page);

/* False: this local APIC cannot name the CPU with that APIC id. */
bool apic_can_send_to(u32 id);

/* One-shot: the timer interrupt comes `ticks` (1 upwards) from now; replaces what was set. 0 stops.
 */
void apic_timer_set(u32 ticks);

/* What is left of it. */
u32 apic_timer_left(void);

/* True when the timer takes a TSC value instead; then only apic_timer_deadline may be used. */
bool apic_timer_has_deadline(void);
void apic_timer_deadline(u64 tsc); /* 0 stops */

/* For measuring: the timer runs down from its largest count without an interrupt, and is an
 * ordinary stopped timer again afterwards. */
void apic_measure_start(void);
void apic_measure_end(void);

#endif
