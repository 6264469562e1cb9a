/* SPDX-License-Identifier: MIT */
/* The interrupt vectors above the exceptions, and what each is for. */
#ifndef IRQ_VECTOR_H
#define IRQ_VECTOR_H

#define VECTOR_PIC_FIRST     0x20u /* 16 vectors: the interrupts of the two 8259s */
#define VECTOR_DEVICE_FIRST  0x30u /* from here to VECTOR_DEVICE_LAST, but for VECTOR_INT80 of */
#define VECTOR_DEVICE_LAST   0xefu /* lib/x86/vector.h: interrupt lines of devices (line.h) */
#define VECTOR_APIC_TIMER    0xf0u /* this CPU's local APIC timer */
#define VECTOR_APIC_WAKE     0xf1u /* another CPU has work for this CPU's run loop */
#define VECTOR_APIC_FLUSH    0xf2u /* another CPU waits for a flush (cpu/flush.h) */
#define VECTOR_APIC_ERROR    0xfeu
#define VECTOR_APIC_SPURIOUS 0xffu

#endif
