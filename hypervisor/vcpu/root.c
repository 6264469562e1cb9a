/* SPDX-License-Identifier: MIT */
/* The kernel root of a vCPU. */
#include "hypervisor/vcpu/root.h"
#include "hypervisor/memory/guest_copy.h"
#include "hypervisor/vcpu/vcpu.h"

enum vmmu_result root_set_kernel(struct vcpu *vcpu, mfn_t m)
{
    enum vmmu_result result = vmmu_set_kernel_root(&vcpu->mmu, m);

    if (result == VMMU_DONE) {
        vcpu_refresh_roots(vcpu);
        vcpu_load_root(vcpu);
    }
    return result;
}

s64 root_set_kernel_number(struct vcpu *vcpu, u64 number)
{
    enum vmmu_result result = root_set_kernel(vcpu, guest_mfn(number));

    if (result == VMMU_AGAIN) {
        return -XEN_EAGAIN;
    }
    return result == VMMU_DONE ? 0 : vmmu_result_errno(result);
}
