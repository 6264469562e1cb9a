/* SPDX-License-Identifier: MIT */
/* Interrupts from devices, from this CPU's timer and from other CPUs. */
#ifndef IRQ_INTERRUPT_H
#define IRQ_INTERRUPT_H

#include "lib/types.h"

/* Serves the interrupts that wait: lets them in for one instruction. Interrupts are off before and
 * afterwards. */
static inline void interrupts_let_in(void)
{
    __asm__ volatile("sti; nop; cli" : : : "memory");
}

/* Serves the interrupt `vector`, 0x20 to 0xff, which came while a guest ran, while the CPU idled,
 * or where the hypervisor let interrupts in: acknowledges it unless it is spurious, and sets
 * cpu->work if the run loop has something to do. Interrupts are off. */
void interrupt_handle(u32 vector);

/* Defined by console/: serves interrupt `irq` (0 to 15) of an old device (irq/isa.h).
 * Returns true if there is work for the run loop. */
bool interrupt_of_device(u32 irq);

/* Defined by pirq/: serves an interrupt of the line of `user` (irq/line.h), which is acknowledged
 * afterwards. */
void interrupt_of_line(u32 user);

#endif
