/* SPDX-License-Identifier: MIT */
/* The two 8259 interrupt controllers. */
#ifndef IRQ_PIC_H
#define IRQ_PIC_H

#include "lib/types.h"

#define PIC_IRQS 16u

/* Maps the 16 interrupts to the vectors from VECTOR_PIC_FIRST on, and masks them all. Once, before
 * any pic_enable, with interrupts off. False: the machine has no such controllers. */
bool pic_start(void);

/* What pic_start has found. */
bool pic_is_present(void);

/* Unmasks interrupt `irq`, 0 to 15, and the line by which the second controller is connected. */
void pic_enable(u32 irq);

/* Says whether pic_enable has unmasked interrupt `irq`, 0 to 15. */
bool pic_is_enabled(u32 irq);

/* Acknowledges interrupt `irq`, 0 to 15. False: the interrupt was spurious, and there is nothing to
 * serve. */
bool pic_acknowledge(u32 irq);

#endif
