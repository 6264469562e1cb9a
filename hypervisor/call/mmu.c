/* SPDX-License-Identifier: MIT */
/* What the calls of the virtual MMU share with others. */
#include "hypervisor/call/mmu.h"
#include "hypervisor/call/call.h"
#include "hypervisor/call/copy.h"
#include "hypervisor/cpu/cpu.h"
#include "hypervisor/domain/domain.h"

s64 call_result(struct call *call, enum vmmu_result result)
{
    if (result == VMMU_AGAIN) {
        call->again = true;
        return 0;
    }
    return result == VMMU_DONE ? 0 : vmmu_result_errno(result);
}

struct domain *call_domain(struct vcpu *vcpu, u16 id, s64 *error)
{
    if (id == DOMID_SELF)
        return vcpu->domain;
    *error =
        id != vcpu->domain->id && (id == DOMID_IO || domain_by_id(id)) ? -XEN_EPERM : -XEN_ESRCH;
    return NULL;
}

void call_tell_done(u64 at, bool rest, u64 done)
{
    u32 told = 0;

    if (!at || (rest && !GET_GUEST(&told, at)))
        return;
    told += (u32)done;
    (void)PUT_GUEST(at, &told);
}

/* A vCPU that no CPU has loaded needs none: whoever loads it next loads its root, and so forgets.
 */
s64 call_cpus_of_vcpus(struct domain *domain, u64 mask_at, u64 *cpus)
{
    u64 mask;

    if (!GET_GUEST(&mask, mask_at))
        return -XEN_EFAULT;
    *cpus = 0;
    for (u32 i = 0; i < domain->vcpu_count; i++) {
        const struct cpu *cpu =
            mask >> i & 1 ? atomic_load_explicit(&domain->vcpu[i]->loaded, memory_order_seq_cst)
                          : NULL;

        if (cpu)
            *cpus |= 1ull << cpu->number;
    }
    return 0;
}

enum vmmu_result call_load_kernel_root(struct vcpu *vcpu, mfn_t m)
{
    enum vmmu_result result = vmmu_set_kernel_root(&vcpu->mmu, m);

    if (result == VMMU_DONE) {
        vcpu_refresh_roots(vcpu);
        vcpu_load_root(vcpu);
    }
    return result;
}

s64 call_new_baseptr(struct vcpu *vcpu, u64 m)
{
    enum vmmu_result result = call_load_kernel_root(vcpu, guest_mfn(m));

    if (result == VMMU_AGAIN)
        return -XEN_EAGAIN;
    return result == VMMU_DONE ? 0 : vmmu_result_errno(result);
}
