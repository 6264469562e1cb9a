/* SPDX-License-Identifier: MIT */
/* TLB flushes that CPUs request of each other, and the writing back of their caches. */
#include "hypervisor/cpu/flush.h"
#include "hypervisor/cpu/apic.h"
#include "hypervisor/cpu/cpu.h"
#include "hypervisor/memory/space.h"
#include "hypervisor/irq/vector.h"
#include "hypervisor/trace/trace.h"
#include "vmmu/vmmu.h"

void flush_serve(void)
{
    struct flushes *flushes = &this_cpu()->flushes;
    u32 done = atomic_load_explicit(&flushes->done, memory_order_relaxed);
    u32 asked;

    /* After each flush, `asked` is read again: a CPU that added a request during the flush saw an
     * unserved request before its own, and therefore sent no interrupt. */
    while ((asked = atomic_load_explicit(&flushes->asked, memory_order_seq_cst)) != done) {
        space_flush();
        if (atomic_load_explicit(&flushes->caches, memory_order_relaxed)) {
            atomic_store_explicit(&flushes->caches, false, memory_order_seq_cst);
            write_back_caches();
        }
        done = asked;
        atomic_store_explicit(&flushes->done, done, memory_order_seq_cst);
    }
}

/* Adds a flush request to `cpu` and returns its number. No interrupt is sent if an earlier request
 * is not served yet, because its interrupt is on its way, or that CPU is serving it and reads
 * `asked` again afterwards. *sent counts the interrupts. */
static u32 ask(struct cpu *cpu, u32 *sent)
{
    u32 before = atomic_fetch_add_explicit(&cpu->flushes.asked, 1, memory_order_seq_cst);

    if (before == atomic_load_explicit(&cpu->flushes.done, memory_order_seq_cst)) {
        if (trace_is_on()) {
            trace_ipi_sent(cpu->number, VECTOR_APIC_FLUSH);
        }
        apic_send(cpu->apic_id, VECTOR_APIC_FLUSH);
        ++*sent;
    }
    return before + 1;
}

u32 flush_cpus(u64 cpus)
{
    u64 own = 1ull << this_cpu()->number;
    u32 number[VMMU_CPUS_MAX], sent = 0;

    for (u64 left = cpus & ~own; left; left &= left - 1) {
        u32 cpu = (u32)__builtin_ctzll(left);
        number[cpu] = ask(cpu_at(cpu), &sent);
    }
    if (cpus & own) {
        space_flush();
    }
    for (u64 left = cpus & ~own; left; left &= left - 1) {
        u32 cpu = (u32)__builtin_ctzll(left);
        const _Atomic u32 *done = &cpu_at(cpu)->flushes.done;

        while ((s32)(atomic_load_explicit(done, memory_order_acquire) - number[cpu]) < 0) {
            lock_wait();
        }
    }
    return sent;
}

void flush_caches(void)
{
    u64 others = 0;

    for (u32 i = 0; i < cpu_count(); i++) {
        struct cpu *cpu = cpu_at(i);

        if (cpu && cpu != this_cpu()) {
            atomic_store_explicit(&cpu->flushes.caches, true, memory_order_seq_cst);
            others |= 1ull << i;
        }
    }
    write_back_caches();
    flush_cpus(others);
}
