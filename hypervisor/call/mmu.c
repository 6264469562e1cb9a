/* SPDX-License-Identifier: MIT */
/* What the hypercalls of the virtual MMU share. */
#include "hypervisor/call/mmu.h"
#include "hypervisor/call/call.h"
#include "hypervisor/memory/guest_copy.h"
#include "hypervisor/cpu/cpu.h"
#include "hypervisor/cpu/flush.h"
#include "hypervisor/domain/domain.h"

s64 call_result(struct call *call, enum vmmu_result result)
{
    if (result == VMMU_AGAIN) {
        call->again = true;
        return 0;
    }
    return result == VMMU_DONE ? 0 : vmmu_result_errno(result);
}

void call_report_done(u64 at, bool rest, u64 done)
{
    u32 told = 0;

    if (!at || (rest && !GET_GUEST(&told, at))) {
        return;
    }
    told += (u32)done;
    (void)PUT_GUEST(at, &told);
}

/* Flushes on the CPUs that run a vCPU of the set `mask`. A vCPU that no CPU runs needs no flush:
 * the CPU that runs it next makes its roots ready, and keeps only translations that cannot be stale
 * (space_roots_kept). */
static void flush_vcpus(struct vcpu *vcpu, u64 mask)
{
    const struct domain *domain = vcpu->domain;
    struct vmmu_counters *counters = &vcpu->domain->mmu.counters;
    u64 cpus = 0, asked = 0, sent;

    for (u32 i = 0; i < domain->vcpu_count; i++) {
        const struct vcpu *other = mask >> i & 1 ? domain->vcpu[i] : NULL;
        const struct cpu *cpu =
            other ? atomic_load_explicit(&other->loaded, memory_order_seq_cst) : NULL;

        asked += other && other != vcpu;
        if (cpu) {
            cpus |= 1ull << cpu->number;
        }
    }
    /* Without the CPUs that have such a vCPU parked: they are on the idle root. */
    cpus &= atomic_load_explicit(&domain->mmu.cpus, memory_order_seq_cst);
    sent = flush_cpus(cpus);
    if (!asked) {
        return;
    }
    atomic_fetch_add_explicit(&counters->remote_asked, asked, memory_order_relaxed);
    atomic_fetch_add_explicit(&counters->remote_sent, sent, memory_order_relaxed);
    atomic_fetch_add_explicit(&counters->remote_skipped, asked > sent ? asked - sent : 0,
                              memory_order_relaxed);
}

bool call_flush_vcpus(struct vcpu *vcpu, u64 mask_at)
{
    u64 mask;

    if (!GET_GUEST(&mask, mask_at)) {
        return false;
    }
    flush_vcpus(vcpu, mask);
    return true;
}

void call_flush_all_vcpus(struct vcpu *vcpu)
{
    flush_vcpus(vcpu, ~0ull);
}
