/* SPDX-License-Identifier: MIT */
/* Halting CPUs for good: all of them after a panic, or at boot a CPU that is not to be used. */
#include "hypervisor/cpu/halt.h"
#include "hypervisor/cpu/apic.h"
#include "hypervisor/cpu/cpu.h"

static struct {
    _Atomic bool requested; /* halt_others has been called */
} halting;

_Noreturn void halt(void)
{
    for (;;) {
        __asm__ volatile("cli; hlt");
    }
}

void halt_others(void)
{
    if (cpu_count() < 2) {
        return;
    }
    atomic_store_explicit(&halting.requested, true, memory_order_seq_cst);
    apic_send_nmi_to_others();
}

void halt_nmi(void)
{
    if (atomic_load_explicit(&halting.requested, memory_order_relaxed)) {
        halt();
    }
}
