/* SPDX-License-Identifier: MIT */
/* Interrupts from devices, from this CPU's timer and from other CPUs. */
#include "hypervisor/irq/interrupt.h"
#include "hypervisor/cpu/apic.h"
#include "hypervisor/cpu/cpu.h"
#include "hypervisor/cpu/flush.h"
#include "hypervisor/irq/line.h"
#include "hypervisor/irq/pic.h"
#include "hypervisor/irq/vector.h"
#include "hypervisor/log/log.h"
#include "hypervisor/time/timer.h"
#include "hypervisor/trace/trace.h"

/* Serves a vector of the devices' interrupt lines. One that belongs to no line is left over from a
 * line that has been closed; it cannot come again, so that it is reported once for all. */
static void serve_line(u32 vector)
{
    static _Atomic bool reported;
    u32 user;

    if (line_user(vector, &user)) {
        if (user < LINE_USER_ISA) {
            interrupt_of_line(user);
        } else if (interrupt_of_device(user - LINE_USER_ISA)) {
            this_cpu()->work = true;
        }
    } else if (!reported) {
        reported = true;
        log_line("interrupt %#x of no device", vector);
    }
    apic_acknowledge();
}

void interrupt_handle(u32 vector)
{
    struct cpu *cpu = this_cpu();

    if (vector >= VECTOR_PIC_FIRST && vector < VECTOR_PIC_FIRST + PIC_IRQS) {
        u32 irq = vector - VECTOR_PIC_FIRST;

        if (!pic_is_present()) { /* left over from what ran before */
            apic_acknowledge();
            return;
        }
        if (pic_acknowledge(irq) && interrupt_of_device(irq)) {
            cpu->work = true;
        }
        return;
    }
    if (vector >= VECTOR_DEVICE_FIRST && vector <= VECTOR_DEVICE_LAST) {
        serve_line(vector);
        return;
    }
    if (vector == VECTOR_APIC_SPURIOUS) {
        return;
    }
    apic_acknowledge();
    if (vector == VECTOR_APIC_FLUSH) {
        flush_serve();
        if (trace_is_on()) {
            trace_ipi_served(vector);
        }
        return;
    }
    if (vector == VECTOR_APIC_TIMER) {
        timers_interrupted();
    } else if (trace_is_on()) {
        trace_ipi_served(vector);
    }
    cpu->work = true;
}
