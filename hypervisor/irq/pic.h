/* SPDX-License-Identifier: MIT */
/* The two 8259 interrupt controllers. */
#ifndef IRQ_PIC_H
#define IRQ_PIC_H

#include "lib/types.h"

#define PIC_VECTOR 0x20u /* of IRQ 0 */
#define PIC_IRQS   16u

/* Moves the IRQs to PIC_VECTOR, all masked. Once, before any pic_enable. */
void pic_start(void);

void pic_enable(u32 irq);

/* Acknowledges `irq`; false: it was spurious, nothing to serve. */
bool pic_acknowledge(u32 irq);

#endif
