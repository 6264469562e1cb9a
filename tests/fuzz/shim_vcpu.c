/* SPDX-License-Identifier: MIT */
/* vCPUs in a process: what hypervisor/vcpu/vcpu.c does where a processor has to execute it. */
#include <stdlib.h>
#include <string.h>

#include "hypervisor/cpu/asm.h"
#include "hypervisor/cpu/cpu.h"
#include "hypervisor/cpu/flush.h"
#include "hypervisor/cpu/segments.h"
#include "hypervisor/cpu/xsave.h"
#include "hypervisor/memory/frames.h"
#include "hypervisor/memory/space.h"
#include "hypervisor/sched/sched.h"
#include "hypervisor/vcpu/control.h"
#include "hypervisor/vcpu/fpu.h"
#include "lib/x86/debug_register.h"
#include "tests/fuzz/shim.h"
#include "tests/machine/cpu.h"
#include "tests/machine/machine.h"
#include "vmmu/port.h"

static u32 vcpus; /* of all domains */

struct vcpu *current_vcpu(void)
{
    return this_cpu()->current;
}

struct vcpu *vcpu_create(struct domain *domain, u32 id)
{
    struct vcpu *vcpu = vcpus < SHIM_VCPUS_MAX ? calloc(1, sizeof *vcpu) : NULL;

    if (!vcpu) {
        return NULL;
    }
    vcpu->domain = domain;
    vcpu->id = id;
    vcpu->info_frame = MFN_NONE;
    vcpu->in_kernel = true;
    vcpu->hard_affinity = vcpu->soft_affinity = ~0ull;
    vcpu->debug[6] = 0xffff0ff0;
    vcpu->debug[7] = DR7_FIXED;
    vcpu->cr4 = control_guest_cr4(0);
    vcpu->info = (struct vcpu_info *)&domain->shared->vcpu_info[id];
    vcpu->fpu_area = calloc(1, xsave_area_size());
    if (!vcpu->fpu_area) {
        free(vcpu);
        return NULL;
    }
    vmmu_vcpu_start(&vcpu->mmu, &domain->mmu);
    vcpu->mmu.user = vcpu;
    vcpus++;
    return vcpu;
}

void vcpu_destroy(struct vcpu *vcpu)
{
    shim_claim(!atomic_load(&vcpu->loaded) && mfn_is_none(vcpu->info_frame),
               "no CPU has a destroyed vCPU");
    machine_drop_vcpu(&vcpu->mmu);
    free(vcpu->fpu_area);
    free(vcpu);
    vcpus--;
}

mfn_t vcpu_root(const struct vcpu *vcpu)
{
    return vcpu->in_kernel ? vcpu->mmu.kernel_root : vcpu->mmu.user_root;
}

void vcpu_load_root(struct vcpu *vcpu)
{
    cpu_load_root(0, vcpu_root(vcpu));
}

/* A hypercall comes from kernel mode. The stand-in stays in it, so that the vCPU can make the next
 * call. */
void vcpu_toggle_mode(struct vcpu *vcpu)
{
    shim_claim(!mfn_is_none(vcpu->mmu.user_root), "user mode has a root");
}

void vcpu_refresh_fast(struct vcpu *vcpu)
{
    (void)vcpu;
}

void vcpu_set_kernel_stack(struct vcpu *vcpu, u64 ss, u64 sp)
{
    vcpu->kernel_ss = ss | 3;
    vcpu->kernel_sp = sp;
}

void vcpu_refresh_iopl(struct vcpu *vcpu)
{
    (void)vcpu;
}

void vcpu_refresh_roots(struct vcpu *vcpu)
{
    (void)vcpu;
}

u32 flush_cpus(u64 cpus)
{
    if (cpus) {
        port_flush(cpus);
    }
    return 0;
}

void flush_caches(void)
{
}

void space_flush(void)
{
    port_flush(1ull << port_cpu());
}

void space_flush_page(u64 address, u64 other)
{
    (void)address;
    (void)other;
}

/* ---- the processor: an invented one, the same wherever the fuzzer runs ---- */

struct cpuid read_cpuid(u32 leaf, u32 subleaf)
{
    switch (leaf) {
    case 0:
        return (struct cpuid){0xd, 0x756e6547, 0x6c65746e, 0x49656e69};
    case 0x80000000:
        return (struct cpuid){.eax = 0x80000008};
    case 0x80000008:
        return (struct cpuid){.eax = 46 | 48 << 8};
    case 0xd: /* the size of the area with x87, SSE and AVX */
        return subleaf ? (struct cpuid){0x100, 0x240, 0, 0} : (struct cpuid){7, 0x340, 0x340, 0};
    default:
        return (struct cpuid){0x000906ea, ~0u, ~0u, ~0u};
    }
}

u64 xsave_xcr0(void)
{
    return 7;
}

u32 xsave_area_size(void)
{
    return 0x340;
}

u32 fpu_mxcsr_mask(void)
{
    return 0xffff;
}

void fpu_set_task_switched(struct vcpu *vcpu, bool on)
{
    vcpu->fpu_task_switched = on;
}

void fpu_load_xcr0(struct vcpu *vcpu)
{
    (void)vcpu;
}

void segments_load_ldt(u64 window, u32 entries)
{
    (void)window;
    shim_claim(entries <= 8192, "the length of an LDT");
}

bool load_gs(u16 selector)
{
    return selector < 4;
}
