/* SPDX-License-Identifier: MIT */
/* Control registers as a guest kernel sees them. */
#include "hypervisor/vcpu/control.h"
#include "hypervisor/vcpu/root.h"
#include "hypervisor/cpu/asm.h"
#include "hypervisor/vcpu/fpu.h"
#include "hypervisor/vcpu/vcpu.h"
#include "hypervisor/cpu/xsave.h"
#include "lib/x86/control.h"

/* The CR0 that a guest is shown: these bits always, and TS. A write that would change any other bit
 * is refused. The processor's CR0 differs. */
#define CR0_GUEST (CR0_PE | CR0_MP | CR0_ET | CR0_NE | CR0_WP | CR0_AM | CR0_PG)

#define CR4_GUEST_MAY  (CR4_TSD | CR4_DE | CR4_MCE)
#define CR4_GUEST_MUST (CR4_PAE | CR4_OSFXSR | CR4_OSXMMEXCPT)

u64 control_guest_cr0(const struct vcpu *vcpu)
{
    return CR0_GUEST | (vcpu->fpu_task_switched ? CR0_TS : 0);
}

u64 control_guest_cr4(u64 wanted)
{
    u64 may = CR4_GUEST_MAY | (xsave_xcr0() ? CR4_OSXSAVE : 0);

    return (wanted & may) | CR4_GUEST_MUST;
}

void control_load(const struct vcpu *vcpu)
{
    u64 now = read_cr4(), wanted = (now & ~CR4_TSD) | (vcpu->cr4 & CR4_TSD);

    if (wanted != now) {
        write_cr4(wanted);
    }
}

bool control_read(const struct vcpu *vcpu, u32 number, u64 *value)
{
    switch (number) {
    case 0:
        *value = control_guest_cr0(vcpu);
        return true;
    case 2:
        *value = *(const volatile unsigned long *)&vcpu->info->arch.cr2;
        return true;
    case 3:
        *value = maddr_of(vcpu->mmu.kernel_root).a;
        return true;
    case 4:
        *value = vcpu->cr4;
        return true;
    }
    return false;
}

s64 control_write(struct vcpu *vcpu, u32 number, u64 value)
{
    switch (number) {
    case 0:
        if ((value & ~CR0_TS) != CR0_GUEST) {
            return -XEN_EINVAL;
        }
        fpu_set_task_switched(vcpu, value & CR0_TS);
        return 0;
    case 2:
        *(volatile unsigned long *)&vcpu->info->arch.cr2 = value;
        return 0;
    case 3:
        return root_set_kernel_number(vcpu, value >> PAGE_SHIFT);
    case 4:
        vcpu->cr4 = control_guest_cr4(value);
        control_load(vcpu);
        return 0;
    }
    return -XEN_EINVAL;
}

bool control_xcr0_ok(u64 xcr0)
{
    u64 avx512 = xcr0 & XCR0_AVX512;

    if (xcr0 & ~xsave_xcr0() || !(xcr0 & XCR0_X87)) {
        return false;
    }
    if (xcr0 & XCR0_AVX && !(xcr0 & XCR0_SSE)) {
        return false;
    }
    return !avx512 || (avx512 == XCR0_AVX512 && xcr0 & XCR0_AVX);
}

bool control_set_xcr(struct vcpu *vcpu, u32 index, u64 value)
{
    if (index != 0 || !control_xcr0_ok(value)) {
        return false;
    }
    vcpu->xcr0 = value;
    fpu_load_xcr0(vcpu);
    return true;
}
