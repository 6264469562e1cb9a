/* SPDX-License-Identifier: MIT */
/* Floating-point and vector state of vCPUs. */
#include "hypervisor/vcpu/fpu.h"
#include "hypervisor/log/log.h"
#include "hypervisor/cpu/asm.h"
#include "hypervisor/vcpu/vcpu.h"
#include "hypervisor/memory/frames.h"
#include "lib/x86/cpuid.h"

/* What fits a page and needs no more care. */
#define XCR0_KNOWN (XCR0_X87 | XCR0_SSE | XCR0_AVX | XCR0_AVX512)

static struct {
    bool started; /* the first CPU has set xcr0 */
    u64 xcr0;
} state;

static void write_xcr0(u64 value)
{
    __asm__ volatile("xsetbv" : : "c"(0), "a"((u32)value), "d"((u32)(value >> 32)));
}

/* What this CPU offers of XCR0_KNOWN, XSAVE being on. */
static u64 offered(void)
{
    struct cpuid leaf = read_cpuid(0xd, 0);
    u64 xcr0 = (leaf.eax | (u64)leaf.edx << 32) & XCR0_KNOWN;

    return (xcr0 & XCR0_AVX512) == XCR0_AVX512 ? xcr0 : xcr0 & ~XCR0_AVX512;
}

bool fpu_start(void)
{
    bool xsave = read_cpuid(1, 0).ecx & CPUID_1_ECX_XSAVE;

    if (xsave) {
        write_cr4(read_cr4() | CR4_OSXSAVE);
        if (!state.started) {
            state.xcr0 = offered();
        }
        if (offered() == state.xcr0) {
            write_xcr0(state.xcr0);
        }
    }
    bool same = (xsave ? offered() : 0) == state.xcr0;
    state.started = true;
    ASSERT(!same || !xsave || read_cpuid(0xd, 0).ebx <= PAGE_SIZE);
    return same;
}

u64 fpu_host_xcr0(void)
{
    return state.xcr0;
}

bool fpu_create(struct vcpu *vcpu)
{
    u8 *area = page_alloc(0);

    if (!area) {
        return false;
    }
    *(u16 *)area = 0x37f;         /* FCW */
    *(u32 *)(area + 24) = 0x1f80; /* MXCSR */
    vcpu->fpu_area = area;
    vcpu->xcr0 = state.xcr0 ? XCR0_X87 : 0;
    return true;
}

void fpu_destroy(struct vcpu *vcpu)
{
    if (vcpu->fpu_area) {
        page_free(vcpu->fpu_area, 0);
    }
    vcpu->fpu_area = NULL;
}

void fpu_save(struct vcpu *vcpu)
{
    write_cr0(read_cr0() & ~CR0_TS);
    if (!state.xcr0) {
        __asm__ volatile("fxsave64 (%0)" : : "r"(vcpu->fpu_area) : "memory");
        return;
    }
    write_xcr0(state.xcr0);
    __asm__ volatile("xsave64 (%0)" : : "r"(vcpu->fpu_area), "a"(~0u), "d"(~0u) : "memory");
}

void fpu_load_xcr0(struct vcpu *vcpu)
{
    if (state.xcr0) {
        write_xcr0(vcpu->xcr0);
    }
}

void fpu_load(struct vcpu *vcpu)
{
    write_cr0(read_cr0() & ~CR0_TS);
    if (!state.xcr0) {
        __asm__ volatile("fxrstor64 (%0)" : : "r"(vcpu->fpu_area) : "memory");
    } else {
        write_xcr0(state.xcr0);
        __asm__ volatile("xrstor64 (%0)" : : "r"(vcpu->fpu_area), "a"(~0u), "d"(~0u) : "memory");
        write_xcr0(vcpu->xcr0);
    }
    fpu_set_task_switched(vcpu, vcpu->fpu_task_switched);
}

void fpu_set_task_switched(struct vcpu *vcpu, bool on)
{
    u64 cr0 = read_cr0();

    vcpu->fpu_task_switched = on;
    write_cr0(on ? cr0 | CR0_TS : cr0 & ~CR0_TS);
}
