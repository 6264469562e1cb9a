/* SPDX-License-Identifier: MIT */
/* Interrupts of devices and of other CPUs. */
#include "hypervisor/console/guest_console.h"
#include "hypervisor/cpu/apic.h"
#include "hypervisor/cpu/cpu.h"
#include "hypervisor/cpu/flush.h"
#include "hypervisor/irq/pic.h"
#include "hypervisor/irq/interrupt.h"

#define IRQ_COM2 3

static void legacy(struct cpu *cpu, u32 irq)
{
    if (!pic_acknowledge(irq)) {
        return;
    }
    if (irq == IRQ_COM2) {
        guest_console_receive();
        cpu->work = true;
    }
}

void interrupt_handle(u32 vector)
{
    struct cpu *cpu = this_cpu();

    if (vector >= PIC_VECTOR && vector < PIC_VECTOR + PIC_IRQS) {
        legacy(cpu, vector - PIC_VECTOR);
        return;
    }
    if (vector == APIC_VECTOR_SPURIOUS) {
        return;
    }
    apic_acknowledge();
    if (vector == APIC_VECTOR_FLUSH) {
        flush_serve();
        return;
    }
    if (vector == APIC_VECTOR_TIMER) {
        cpu->timers.programmed = 0;
    }
    cpu->work = true;
}
