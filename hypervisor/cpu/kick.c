/* SPDX-License-Identifier: MIT */
/* Kicking a CPU: there is work for its run loop. */
#include "hypervisor/cpu/apic.h"
#include "hypervisor/cpu/cpu.h"
#include "hypervisor/irq/vector.h"
#include "hypervisor/trace/trace.h"

/* If the work flag was already set, no interrupt is needed: either that CPU is about to read the
 * flag, or an earlier interrupt is on its way. */
void cpu_kick(struct cpu *cpu)
{
    bool had_work = atomic_exchange_explicit(&cpu->work, true, memory_order_seq_cst);

    if (!had_work && cpu != this_cpu()) {
        if (trace_is_on()) {
            trace_ipi_sent(cpu->number, VECTOR_APIC_WAKE);
        }
        apic_send(cpu->apic_id, VECTOR_APIC_WAKE);
    }
}
