/* SPDX-License-Identifier: MIT */
/* Descriptors and segment bases: set_gdt, update_descriptor, set_segment_base. */
#include "hypervisor/call/call.h"
#include "hypervisor/memory/guest_copy.h"
#include "hypervisor/call/mmu.h"
#include "hypervisor/call/segment.h"
#include "hypervisor/cpu/asm.h"
#include "hypervisor/domain/domain.h"
#include "hypervisor/cpu/entry.h"

s64 call_set_gdt(struct vcpu *vcpu, struct call *call)
{
    u64 entries = (u32)call->argument[1];
    u64 count = (entries + 511) / 512;
    mfn_t frames[VMMU_GDT_FRAMES];

    if (entries > FIRST_RESERVED_GDT_ENTRY || count > VMMU_GDT_FRAMES) {
        return -XEN_EINVAL;
    }
    if (count && !copy_from_guest(frames, call->argument[0], count * sizeof(u64))) {
        return -XEN_EFAULT;
    }
    for (u64 i = 0; i < count; i++) {
        frames[i] = guest_mfn(frames[i].n);
    }
    return call_result(call, vmmu_set_gdt(&vcpu->mmu, frames, (u32)count, (u32)entries));
}

s64 call_update_descriptor(struct vcpu *vcpu, struct call *call)
{
    return call_result(
        call, vmmu_update_descriptor(&vcpu->mmu, maddr(call->argument[0]), call->argument[1]));
}

static s64 load_user_gs(u16 selector)
{
    __asm__ volatile("swapgs");
    load_gs(selector);
    __asm__ volatile("mfence; swapgs");
    return 0;
}

s64 segment_set_base(u64 which, u64 base)
{
    static const u32 msr[] = {
        [SEGBASE_FS] = MSR_FS_BASE,
        [SEGBASE_GS_USER] = MSR_KERNEL_GS_BASE,
        [SEGBASE_GS_KERNEL] = MSR_GS_BASE,
    };

    if (which == SEGBASE_GS_USER_SEL) {
        return load_user_gs((u16)base);
    }
    if (which >= ARRAY_LENGTH(msr) || !address_canonical(base)) {
        return -XEN_EINVAL;
    }
    write_msr(msr[index_masked(which, ARRAY_LENGTH(msr))], base);
    return 0;
}

s64 call_set_segment_base(struct vcpu *vcpu, struct call *call)
{
    (void)vcpu;
    return segment_set_base(call->argument[0], call->argument[1]);
}
