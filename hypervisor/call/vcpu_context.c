/* SPDX-License-Identifier: MIT */
/* VCPUOP_initialise and setvcpucontext: the state of a vCPU. */
#include "hypervisor/call/vcpu_context.h"
#include "hypervisor/call/call.h"
#include "hypervisor/memory/guest_copy.h"
#include "hypervisor/call/mmu.h"
#include "hypervisor/call/vm_assist.h"
#include "hypervisor/vcpu/control.h"
#include "hypervisor/vcpu/debug.h"
#include "hypervisor/vcpu/fpu.h"
#include "hypervisor/domain/domain.h"
#include "hypervisor/memory/frames.h"
#include "hypervisor/sched/sched.h"
#include "lib/string.h"
#include "lib/x86/control.h"

#define CONTEXT_ORDER 1u
#define GDT_PAGE      512u
#define MXCSR_OFFSET  24u
#define RING_3        3u
#define RFLAGS_SETTABLE                                                                            \
    (RFLAGS_ARITHMETIC | RFLAGS_TF | RFLAGS_IF | RFLAGS_DF | RFLAGS_NT | RFLAGS_RF | RFLAGS_AC |   \
     RFLAGS_ID)

typedef struct vcpu_guest_context context;

/* Checks that RIP, the handlers' addresses, and the bases of FS and GS are canonical: loading one
 * that is not would fault in the hypervisor. */
static bool addresses_ok(const context *c)
{
    for (u32 i = 0; i < ARRAY_LENGTH(c->trap_ctxt); i++) {
        if (!address_canonical(c->trap_ctxt[i].address)) {
            return false;
        }
    }
    return address_canonical(c->user_regs.rip) && address_canonical(c->event_callback_eip) &&
           address_canonical(c->failsafe_callback_eip) &&
           address_canonical(c->syscall_callback_eip) && address_canonical(c->fs_base) &&
           address_canonical(c->gs_base_kernel) && address_canonical(c->gs_base_user);
}

static bool context_ok(const context *c)
{
    bool has_user_root = c->ctrlreg[1] != 0;

    return addresses_ok(c) && c->gdt_ents <= FIRST_RESERVED_GDT_ENTRY && c->ldt_ents <= 8192 &&
           (c->flags & VGCF_in_kernel || has_user_root);
}

static void set_registers(struct vcpu *v, const struct cpu_user_regs *from)
{
    struct registers *r = &v->registers;

    *r = (struct registers){
        .r15 = from->r15,
        .r14 = from->r14,
        .r13 = from->r13,
        .r12 = from->r12,
        .rbp = from->rbp,
        .rbx = from->rbx,
        .r11 = from->r11,
        .r10 = from->r10,
        .r9 = from->r9,
        .r8 = from->r8,
        .rax = from->rax,
        .rcx = from->rcx,
        .rdx = from->rdx,
        .rsi = from->rsi,
        .rdi = from->rdi,
        .rip = from->rip,
        .rsp = from->rsp,
        .cs = from->cs | RING_3,
        .ss = from->ss | RING_3,
        .rflags = (from->rflags & RFLAGS_SETTABLE) | RFLAGS_FIXED | RFLAGS_IF,
    };
    v->ds = from->ds;
    v->es = from->es;
    v->fs = from->fs;
    v->gs = from->gs;
}

static void set_entries(struct vcpu *v, const context *c)
{
    const struct {
        u64 address;
        bool mask;
    } callback[CALLBACKS] = {
        [CALLBACK_EVENT] = {c->event_callback_eip, true},
        [CALLBACK_FAILSAFE] = {c->failsafe_callback_eip, c->flags & VGCF_failsafe_disables_events},
        [CALLBACK_SYSCALL] = {c->syscall_callback_eip, c->flags & VGCF_syscall_disables_events},
    };

    for (u32 i = 0; i < ARRAY_LENGTH(c->trap_ctxt); i++) {
        const struct trap_info *t = &c->trap_ctxt[i];

        v->trap[i] = (struct entry_point){
            .address = t->address, .cs = t->cs, .dpl = TI_GET_DPL(t), .mask_events = TI_GET_IF(t)};
    }
    for (u32 i = 0; i < CALLBACKS; i++) {
        v->callback[i] =
            (struct entry_point){.address = callback[i].address, .mask_events = callback[i].mask};
    }
    v->kernel_ss = c->kernel_ss | RING_3;
    v->kernel_sp = c->kernel_sp;
}

/* Copies the guest's FXSAVE image, if the context has one, to the first part of the XSAVE area.
 * Bits of MXCSR that the processor does not have are cleared, since loading them would fault. */
static void set_fpu(struct vcpu *v, const context *c)
{
    u8 *area = v->fpu_area;

    if (!(c->flags & VGCF_i387_valid)) {
        return;
    }
    memcpy(area, c->fpu_ctxt.x, 416);
    *(u32 *)(area + MXCSR_OFFSET) &= fpu_mxcsr_mask();
    *(u64 *)(area + 512) = 3; /* XSTATE_BV: the x87 and SSE parts are present */
}

/* Sets the GDT, the kernel root, the user root if there is one, and the LDT through the engine,
 * which takes their references. */
static enum vmmu_result set_tables(struct vcpu *v, const context *c)
{
    struct vmmu_vcpu *mmu = &v->mmu;
    mfn_t gdt[VMMU_GDT_FRAMES];
    u32 count = (u32)((c->gdt_ents + GDT_PAGE - 1) / GDT_PAGE);
    enum vmmu_result result;

    for (u32 i = 0; i < count; i++) {
        gdt[i] = guest_mfn(c->gdt_frames[i]);
    }
    result = vmmu_set_gdt(mmu, gdt, count, (u32)c->gdt_ents);
    if (result == VMMU_DONE) {
        result = vmmu_set_kernel_root(mmu, guest_mfn(xen_cr3_to_pfn(c->ctrlreg[3])));
    }
    if (result == VMMU_DONE && c->ctrlreg[1]) {
        result = vmmu_set_user_root(mmu, guest_mfn(xen_cr3_to_pfn(c->ctrlreg[1])));
    }
    if (result == VMMU_DONE) {
        result = vmmu_set_ldt(mmu, vaddr(c->ldt_base), (u32)c->ldt_ents);
    }
    return result;
}

/* Drops the references that a refused context has already taken, and returns the refusal. If it is
 * interrupted, the repeated hypercall resumes it. */
static s64 undo(struct vcpu *v, struct call *call)
{
    s64 error = v->refused;

    if (vmmu_vcpu_stop(&v->mmu) == VMMU_AGAIN) {
        call->again = true;
        return 0;
    }
    vmmu_vcpu_start(&v->mmu, &v->domain->mmu);
    v->refused = 0;
    return error;
}

/* Sets what the context says of the vCPU except its tables, which cannot be refused any more. */
static void set_state(struct vcpu *v, const context *c)
{
    set_registers(v, &c->user_regs);
    v->iopl = c->user_regs.rflags >> RFLAGS_IOPL_SHIFT & 3;
    set_entries(v, c);
    set_fpu(v, c);
    v->in_kernel = c->flags & VGCF_in_kernel;
    v->fs_base = c->fs_base;
    v->gs_base = v->in_kernel ? c->gs_base_kernel : c->gs_base_user;
    v->gs_base_inactive = v->in_kernel ? c->gs_base_user : c->gs_base_kernel;
    v->fpu_task_switched = c->ctrlreg[0] & CR0_TS;
    v->info->arch.cr2 = c->ctrlreg[2];
    v->cr4 = control_guest_cr4(c->ctrlreg[4]);
    v->initialised = true;
}

/* Sets all debug registers, or with an error none. */
static s64 set_debug(struct vcpu *v, const context *c)
{
    u64 before[ARRAY_LENGTH(v->debug)];
    s64 error = 0;

    memcpy(before, v->debug, sizeof before);
    for (u32 i = 0; i < ARRAY_LENGTH(c->debugreg) && !error; i++) {
        if (i != 4 && i != 5) {
            error = debug_set(v, i, c->debugreg[i]);
        }
    }
    if (error) {
        memcpy(v->debug, before, sizeof before);
    }
    return error ? -XEN_EINVAL : 0;
}

static s64 apply(struct vcpu *v, struct call *call, const context *c)
{
    enum vmmu_result result;
    s64 error = set_debug(v, c);

    if (error) {
        return error;
    }
    result = set_tables(v, c);
    if (result == VMMU_AGAIN) {
        /* The references taken so far are kept; the repeated hypercall takes the rest. */
        call->again = true;
        return 0;
    }
    if (result != VMMU_DONE) {
        v->refused = vmmu_result_errno(result);
        return undo(v, call);
    }
    set_state(v, c);
    return 0;
}

/* Says whether the context names the tables that the vCPU has. */
static bool has_tables(const struct vcpu *v, const context *c)
{
    const struct vmmu_vcpu *mmu = &v->mmu;
    mfn_t user = c->ctrlreg[1] ? mfn(xen_cr3_to_pfn(c->ctrlreg[1])) : MFN_NONE;

    for (u32 i = 0; i * GDT_PAGE < c->gdt_ents; i++) {
        if (c->gdt_frames[i] != mmu->gdt_frame[i].n) {
            return false;
        }
    }
    return c->gdt_ents == mmu->gdt_entries && c->ldt_ents == mmu->ldt_entries &&
           (!c->ldt_ents || c->ldt_base == mmu->ldt_base.a) &&
           xen_cr3_to_pfn(c->ctrlreg[3]) == mmu->kernel_root.n && user.n == mmu->user_root.n;
}

/* Replaces the state of an initialised vCPU, but for its tables. */
static s64 renew(struct vcpu *v, const context *c)
{
    if (!domain_is_held(v->domain) || !domain_is_stopped(v->domain)) {
        return -XEN_EBUSY;
    }
    if (!has_tables(v, c)) {
        return -XEN_EOPNOTSUPP;
    }
    s64 error = set_debug(v, c);
    if (!error) {
        set_state(v, c);
    }
    return error;
}

/* Copies the context at guest address `at` into pages of its own, and checks it. On success the
 * caller frees *copied. */
static s64 copy_context(u64 at, context **copied)
{
    context *c = page_alloc(CONTEXT_ORDER);
    s64 result = 0;

    _Static_assert(sizeof *c <= PAGE_SIZE << CONTEXT_ORDER, "a context fits its pages");
    if (!c) {
        return -XEN_ENOMEM;
    }
    if (!GET_GUEST(c, at)) {
        result = -XEN_EFAULT;
    } else if (!context_ok(c)) {
        result = -XEN_EINVAL;
    }
    if (result) {
        page_free(c, CONTEXT_ORDER);
    }
    *copied = c;
    return result;
}

static s64 initialise(struct vcpu *target, struct call *call, u64 at)
{
    context *c;
    s64 result;

    if (target->initialised) {
        return -XEN_EEXIST;
    }
    if (target->refused) {
        return undo(target, call);
    }
    result = copy_context(at, &c);
    if (!result) {
        result = apply(target, call, c);
        page_free(c, CONTEXT_ORDER);
    }
    return result;
}

/* As initialise, also of an initialised vCPU, and brings the vCPU up or down. */
static s64 set_context(struct vcpu *target, struct call *call, u64 at)
{
    context *c;
    s64 result;

    if (target->refused) {
        return undo(target, call);
    }
    result = copy_context(at, &c);
    if (result) {
        return result;
    }
    if (!vm_assist_known(c->vm_assist)) {
        result = -XEN_EINVAL;
    } else {
        result = target->initialised ? renew(target, c) : apply(target, call, c);
    }
    if (!result && !call->again) {
        if (target->id == 0) {
            vm_assist_set(target->domain, c->vm_assist);
        }
        if (c->flags & VGCF_online) {
            sched_add(target);
        } else {
            sched_remove(target);
        }
    }
    page_free(c, CONTEXT_ORDER);
    return result;
}

/* Calls `initialise` or, for a toolstack, `set_context` with the vCPU's lock. */
static s64 with_lock(struct vcpu *target, struct call *call, u64 at, bool toolstack)
{
    s64 result;

    if (!lock_try(&target->initialise_lock)) {
        call->again = true; /* another vCPU is initialising the same target */
        return 0;
    }
    result = toolstack ? set_context(target, call, at) : initialise(target, call, at);
    lock_release(&target->initialise_lock);
    return result;
}

s64 vcpu_initialise(struct vcpu *target, struct call *call, u64 at)
{
    return with_lock(target, call, at, false);
}

s64 vcpu_set_context(struct vcpu *target, struct call *call, u64 at)
{
    return with_lock(target, call, at, true);
}
