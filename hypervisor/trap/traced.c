/* SPDX-License-Identifier: MIT */
/* Entries from guests as the timeline has them. */
#include "hypervisor/trap/traced.h"
#include "hypervisor/domain/domain.h"
#include "hypervisor/irq/vector.h"
#include "hypervisor/trace/trace.h"
#include "hypervisor/trap/fault.h"
#include "hypervisor/vcpu/vcpu.h"

void traced_fault(struct vcpu *vcpu, u64 address, u32 error_code)
{
    const u64 begin = trace_begin(), emulated = vcpu->mmu.counted.emulated_writes;

    fault_from_guest(vcpu, address, error_code);
    trace_put(TRACE_FAULT, vcpu->mmu.counted.emulated_writes != emulated, error_code, address,
              begin);
}

/* Records the counters of the domain's virtual MMU. */
static void record_counters(struct domain *domain)
{
    struct vmmu_counters counters;

    domain_counters(domain, &counters);
    for (u32 i = 0; i < sizeof counters / sizeof(u64); i++) {
        trace_put(TRACE_COUNTER, i, domain->id,
                  atomic_load_explicit((const _Atomic u64 *)&counters + i, memory_order_relaxed),
                  0);
    }
}

void traced_trap(struct vcpu *vcpu, u64 vector, u32 error_code)
{
    trace_trap_ends((u32)vector, error_code);
    if (vector == VECTOR_APIC_TIMER) {
        record_counters(vcpu->domain);
    }
}

void traced_upcall(struct vcpu *vcpu)
{
    u32 raised = atomic_load_explicit(&vcpu->trace_raised, memory_order_relaxed);

    trace_put(TRACE_UPCALL, 0, raised, vcpu->trace_told, 0);
    vcpu->trace_told = raised;
}
