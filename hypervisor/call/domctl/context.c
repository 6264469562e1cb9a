/* SPDX-License-Identifier: MIT */
/* domctl: the state of vCPUs, as a toolstack saves it and gives it to a new domain. setvcpucontext
 * is in vcpu.c. */
#include "hypervisor/call/domctl/domctl.h"
#include "hypervisor/call/vm_assist.h"
#include "hypervisor/cpu/cpu.h"
#include "hypervisor/domain/domain.h"
#include "hypervisor/memory/frames.h"
#include "hypervisor/memory/guest_copy.h"
#include "hypervisor/vcpu/control.h"
#include "lib/string.h"
#include "lib/x86/rflags.h"

#define CONTEXT_ORDER 1u

typedef struct vcpu_guest_context context;

bool domctl_target_stops(const struct domctl *d)
{
    struct domain *target = d->target;

    if (domain_is_held(target) && domain_is_stopped(target)) {
        return true;
    }
    domain_inspect(target);
    d->vcpu->awaits = target->id;
    this_cpu()->work = true;
    d->call->again = true;
    return false;
}

s64 domctl_stopped_vcpu(const struct domctl *d, u32 id, struct vcpu **vcpu)
{
    *vcpu = domctl_vcpu(d->target, id);
    if (d->target == d->vcpu->domain) {
        return -XEN_EINVAL;
    }
    if (!*vcpu) {
        return -XEN_ESRCH;
    }
    if (!(*vcpu)->initialised) {
        return -XEN_ENODATA;
    }
    if (!domctl_target_stops(d)) {
        *vcpu = NULL;
    }
    return 0;
}

static void get_registers(const struct vcpu *v, struct cpu_user_regs *to)
{
    const struct registers *r = &v->registers;

    to->r15 = r->r15;
    to->r14 = r->r14;
    to->r13 = r->r13;
    to->r12 = r->r12;
    to->rbp = r->rbp;
    to->rbx = r->rbx;
    to->r11 = r->r11;
    to->r10 = r->r10;
    to->r9 = r->r9;
    to->r8 = r->r8;
    to->rax = r->rax;
    to->rcx = r->rcx;
    to->rdx = r->rdx;
    to->rsi = r->rsi;
    to->rdi = r->rdi;
    to->rip = r->rip;
    to->rsp = r->rsp;
    to->cs = (u16)r->cs;
    to->ss = (u16)r->ss;
    to->rflags = (r->rflags & ~RFLAGS_IOPL) | (u64)v->iopl << RFLAGS_IOPL_SHIFT;
    to->ds = v->ds;
    to->es = v->es;
    to->fs = v->fs;
    to->gs = v->gs;
}

static void get_entries(const struct vcpu *v, context *c)
{
    for (u32 i = 0; i < ARRAY_LENGTH(c->trap_ctxt); i++) {
        const struct entry_point *trap = &v->trap[i];

        c->trap_ctxt[i] = (struct trap_info){.vector = (u8)i,
                                             .flags = (u8)(trap->dpl | (trap->mask_events ? 4 : 0)),
                                             .cs = trap->cs,
                                             .address = trap->address};
    }
    c->event_callback_eip = v->callback[CALLBACK_EVENT].address;
    c->failsafe_callback_eip = v->callback[CALLBACK_FAILSAFE].address;
    c->syscall_callback_eip = v->callback[CALLBACK_SYSCALL].address;
    if (v->callback[CALLBACK_FAILSAFE].mask_events) {
        c->flags |= VGCF_failsafe_disables_events;
    }
    if (v->callback[CALLBACK_SYSCALL].mask_events) {
        c->flags |= VGCF_syscall_disables_events;
    }
    c->kernel_ss = v->kernel_ss;
    c->kernel_sp = v->kernel_sp;
}

static void get_tables(const struct vcpu *v, context *c)
{
    const struct vmmu_vcpu *mmu = &v->mmu;

    c->gdt_ents = mmu->gdt_entries;
    for (u32 i = 0; i < VMMU_GDT_FRAMES; i++) {
        c->gdt_frames[i] = mfn_is_none(mmu->gdt_frame[i]) ? 0 : mmu->gdt_frame[i].n;
    }
    c->ldt_ents = mmu->ldt_entries;
    c->ldt_base = mmu->ldt_entries ? mmu->ldt_base.a : 0;
    c->ctrlreg[3] = mfn_is_none(mmu->kernel_root) ? 0 : xen_pfn_to_cr3(mmu->kernel_root.n);
    c->ctrlreg[1] = mfn_is_none(mmu->user_root) ? 0 : xen_pfn_to_cr3(mmu->user_root.n);
}

/* Fills *c, which is zero, with the state of a vCPU that no CPU has loaded. */
static void get_context(const struct vcpu *v, context *c)
{
    c->flags = VGCF_i387_valid | (v->in_kernel ? VGCF_in_kernel : 0) |
               (atomic_load(&v->state) != VCPU_DOWN ? VGCF_online : 0);
    memcpy(c->fpu_ctxt.x, v->fpu_area, sizeof c->fpu_ctxt.x);
    get_registers(v, &c->user_regs);
    get_entries(v, c);
    get_tables(v, c);
    c->ctrlreg[0] = control_guest_cr0(v);
    c->ctrlreg[2] = v->info->arch.cr2;
    c->ctrlreg[4] = v->cr4;
    memcpy(c->debugreg, v->debug, sizeof c->debugreg);
    c->debugreg[4] = c->debugreg[5] = 0;
    c->vm_assist = vm_assist_get(v->domain);
    c->fs_base = v->fs_base;
    c->gs_base_kernel = v->in_kernel ? v->gs_base : v->gs_base_inactive;
    c->gs_base_user = v->in_kernel ? v->gs_base_inactive : v->gs_base;
}

s64 domctl_getvcpucontext(struct domctl *d)
{
    const struct xen_domctl_vcpucontext *ask = &d->op.u.vcpucontext;
    struct vcpu *vcpu;
    s64 error = domctl_stopped_vcpu(d, ask->vcpu, &vcpu);

    if (error || !vcpu) {
        return error;
    }
    context *c = page_alloc(CONTEXT_ORDER);
    if (!c) {
        return -XEN_ENOMEM;
    }
    get_context(vcpu, c);
    error = PUT_GUEST((u64)ask->ctxt.p, c) ? 0 : -XEN_EFAULT;
    page_free(c, CONTEXT_ORDER);
    return error;
}

s64 domctl_get_ext_vcpucontext(struct domctl *d)
{
    struct xen_domctl_ext_vcpucontext *ask = &d->op.u.ext_vcpucontext;
    struct vcpu *vcpu;
    const u32 id = ask->vcpu;
    const s64 error = domctl_stopped_vcpu(d, id, &vcpu);

    if (error || !vcpu) {
        return error;
    }
    const struct entry_point *syscall32 = &vcpu->callback[CALLBACK_SYSCALL32];
    const struct entry_point *sysenter = &vcpu->callback[CALLBACK_SYSENTER];
    memset(ask, 0, sizeof *ask);
    ask->vcpu = id;
    ask->size = sizeof *ask;
    ask->syscall32_callback_eip = syscall32->address;
    ask->syscall32_callback_cs = syscall32->cs;
    ask->syscall32_disables_events = syscall32->mask_events;
    ask->sysenter_callback_eip = sysenter->address;
    ask->sysenter_callback_cs = sysenter->cs;
    ask->sysenter_disables_events = sysenter->mask_events;
    d->answers = true;
    return 0;
}

s64 domctl_set_ext_vcpucontext(struct domctl *d)
{
    const struct xen_domctl_ext_vcpucontext *ask = &d->op.u.ext_vcpucontext;
    struct vcpu *vcpu;
    const s64 error = domctl_stopped_vcpu(d, ask->vcpu, &vcpu);

    if (error || !vcpu) {
        return error;
    }
    if (ask->size < offsetof(struct xen_domctl_ext_vcpucontext, mcg_cap) ||
        !address_canonical(ask->syscall32_callback_eip) ||
        !address_canonical(ask->sysenter_callback_eip)) {
        return -XEN_EINVAL;
    }
    vcpu->callback[CALLBACK_SYSCALL32] =
        (struct entry_point){.address = ask->syscall32_callback_eip,
                             .cs = ask->syscall32_callback_cs,
                             .mask_events = ask->syscall32_disables_events};
    vcpu->callback[CALLBACK_SYSENTER] =
        (struct entry_point){.address = ask->sysenter_callback_eip,
                             .cs = ask->sysenter_callback_cs,
                             .mask_events = ask->sysenter_disables_events};
    vcpu_refresh_fast(vcpu);
    return 0;
}
