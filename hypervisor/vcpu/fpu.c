/* SPDX-License-Identifier: MIT */
/* Floating-point and vector state of vCPUs. */
#include "hypervisor/vcpu/fpu.h"
#include "hypervisor/cpu/asm.h"
#include "hypervisor/cpu/xsave.h"
#include "hypervisor/vcpu/vcpu.h"
#include "hypervisor/memory/frames.h"
#include "lib/x86/cpuid.h"

#define MXCSR_MASK         28u     /* offset in the area */
#define MXCSR_MASK_DEFAULT 0xffbfu /* of a processor that stores 0 there (Intel SDM, 11.6.6) */

#define ALIGNMENT 64u /* of an area that XSAVE writes */

/* Where the vCPU's save area is if it lies behind the struct. */
static u8 *area_behind(struct vcpu *vcpu)
{
    return (u8 *)vcpu + (sizeof *vcpu + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
}

bool fpu_create(struct vcpu *vcpu, u64 room)
{
    u8 *area = area_behind(vcpu), *end = (u8 *)(vcpu + 1) + room;

    if (area + xsave_area_size() > end) {
        area = page_alloc(0);
    }
    if (!area) {
        return false;
    }
    *(u16 *)area = 0x37f;         /* initial FCW */
    *(u32 *)(area + 24) = 0x1f80; /* initial MXCSR */
    vcpu->fpu_area = area;
    vcpu->xcr0 = xsave_xcr0() ? XCR0_X87 : 0;
    return true;
}

void fpu_destroy(struct vcpu *vcpu)
{
    if (vcpu->fpu_area && vcpu->fpu_area != area_behind(vcpu)) {
        page_free(vcpu->fpu_area, 0);
    }
    vcpu->fpu_area = NULL;
}

void fpu_save(struct vcpu *vcpu)
{
    write_cr0(read_cr0() & ~CR0_TS);
    if (!xsave_xcr0()) {
        __asm__ volatile("fxsave64 (%0)" : : "r"(vcpu->fpu_area) : "memory");
        return;
    }
    xsave_write_xcr0(xsave_xcr0());
    __asm__ volatile("xsave64 (%0)" : : "r"(vcpu->fpu_area), "a"(~0u), "d"(~0u) : "memory");
}

void fpu_load_xcr0(struct vcpu *vcpu)
{
    if (xsave_xcr0()) {
        xsave_write_xcr0(vcpu->xcr0);
    }
}

void fpu_load(struct vcpu *vcpu)
{
    write_cr0(read_cr0() & ~CR0_TS);
    if (!xsave_xcr0()) {
        __asm__ volatile("fxrstor64 (%0)" : : "r"(vcpu->fpu_area) : "memory");
    } else {
        xsave_write_xcr0(xsave_xcr0());
        __asm__ volatile("xrstor64 (%0)" : : "r"(vcpu->fpu_area), "a"(~0u), "d"(~0u) : "memory");
        xsave_write_xcr0(vcpu->xcr0);
    }
    fpu_set_task_switched(vcpu, vcpu->fpu_task_switched);
}

void fpu_set_task_switched(struct vcpu *vcpu, bool on)
{
    u64 cr0 = read_cr0();

    vcpu->fpu_task_switched = on;
    write_cr0(on ? cr0 | CR0_TS : cr0 & ~CR0_TS);
}

u32 fpu_mxcsr_mask(void)
{
    static _Atomic u32 known; /* all CPUs find the same */
    _Alignas(16) u8 area[512];
    u32 mask = known;

    if (!mask) {
        const u64 cr0 = read_cr0();

        write_cr0(cr0 & ~CR0_TS);
        __asm__ volatile("fxsave64 (%0)" : : "r"(area) : "memory");
        write_cr0(cr0);
        mask = *(const u32 *)(area + MXCSR_MASK);
        known = mask = mask ? mask : MXCSR_MASK_DEFAULT;
    }
    return mask;
}
