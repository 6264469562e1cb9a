/* SPDX-License-Identifier: MIT */
/* Telling a CPU that there is work for it. */
#include "hypervisor/cpu/apic.h"
#include "hypervisor/cpu/cpu.h"
#include "hypervisor/irq/vector.h"

/* Where there was work already, the CPU is on its way, or an interrupt is. */
void cpu_kick(struct cpu *cpu)
{
    bool had_work = atomic_exchange_explicit(&cpu->work, true, memory_order_seq_cst);

    if (!had_work && cpu != this_cpu()) {
        apic_send(cpu->apic_id, VECTOR_APIC_WAKE);
    }
}
