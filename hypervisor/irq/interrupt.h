/* SPDX-License-Identifier: MIT */
/* Interrupts: of devices, of this CPU's timer and of other CPUs. */
#ifndef IRQ_INTERRUPT_H
#define IRQ_INTERRUPT_H

#include "lib/types.h"

/* Serves the interrupt `vector`, 0x20 to 0xff, which came while a guest ran or the CPU idled:
 * acknowledges it and leaves the work to the run loop. Interrupts are off. */
void interrupt_handle(u32 vector);

/* Defined by the owner of the machine's devices, console/: serves interrupt `irq` of an 8259, which
 * has been acknowledged. True: there is work for the run loop. */
bool interrupt_of_device(u32 irq);

#endif
