/* SPDX-License-Identifier: MIT */
/* The interrupts of the old devices that the hypervisor uses itself. */
#include "hypervisor/irq/isa.h"
#include "hypervisor/cpu/apic.h"
#include "hypervisor/cpu/cpu.h"
#include "hypervisor/irq/interrupt.h"
#include "hypervisor/irq/ioapic.h"
#include "hypervisor/irq/line.h"
#include "hypervisor/irq/pic.h"
#include "hypervisor/log/log.h"
#include "hypervisor/time/timer.h"

#define POLL_NS 10000000ull

static struct {
    u16 polled; /* bit N: interrupt N is asked for */
    struct timer timer;
} isa = {.timer = {.kind = TIMER_DEVICES}};

void isa_start(void)
{
    if (pic_start()) {
        apic_accept_pic();
    } else {
        ioapic_start();
    }
}

void isa_enable(u32 irq)
{
    s64 error;
    u32 vector;

    if (pic_is_present()) {
        pic_enable(irq);
        return;
    }
    vector = line_open_pin(ioapic_gsi_of_isa(irq), LINE_USER_ISA + irq, 0, &error);
    if (vector) {
        log_line("no interrupt controllers (8259): interrupt %u arrives by an IO-APIC", irq);
        line_unmask(vector);
        return;
    }
    log_line("no interrupt controllers (8259) and no IO-APIC: what would interrupt by %u is polled",
             irq);
    isa.polled |= (u16)(1u << irq);
    timer_set(&isa.timer, POLL_NS);
}

u64 isa_poll(u64 now)
{
    for (u32 irq = 0; irq < ISA_IRQS; irq++) {
        if (isa.polled >> irq & 1 && interrupt_of_device(irq)) {
            this_cpu()->work = true;
        }
    }
    return now + POLL_NS;
}
