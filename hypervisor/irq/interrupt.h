/* SPDX-License-Identifier: MIT */
/* Interrupts of devices and of other CPUs. */
#ifndef IRQ_INTERRUPT_H
#define IRQ_INTERRUPT_H

#include "lib/types.h"

/* Serves an interrupt with `vector` 0x20..0xff, interrupts off, from a guest or from the idle loop:
 * acknowledges it and leaves the work to the run loop. */
void interrupt_handle(u32 vector);

#endif
