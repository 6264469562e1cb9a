/* SPDX-License-Identifier: MIT */
/* The iret hypercall: return from a trap, to guest kernel mode or user mode. */
#include "hypervisor/call/call.h"
#include "hypervisor/memory/guest_copy.h"
#include "hypervisor/domain/domain.h"

/* RFLAGS bits that a guest may set by iret. VM is not among them: QEMU would enter virtual-8086
 * mode. */
#define RFLAGS_SETTABLE                                                                            \
    (RFLAGS_ARITHMETIC | RFLAGS_TF | RFLAGS_IF | RFLAGS_DF | RFLAGS_NT | RFLAGS_RF | RFLAGS_AC |   \
     RFLAGS_VIF | RFLAGS_VIP | RFLAGS_ID)

s64 call_iret(struct vcpu *vcpu, struct call *call)
{
    struct registers *r = &vcpu->registers;
    struct iret_context frame;

    call->left = true;
    if (!GET_GUEST(&frame, r->rsp)) {
        domain_crash(vcpu->domain, "iret from a stack that cannot be read");
        return 0;
    }
    if ((frame.cs & 3) == 3) {
        if (mfn_is_none(vcpu->mmu.user_root)) {
            domain_crash(vcpu->domain, "iret to user mode without a user root");
            return 0;
        }
        vcpu_toggle_mode(vcpu);
    }
    r->rip = frame.rip;
    r->cs = (u16)frame.cs | 3;
    r->rflags = (frame.rflags & RFLAGS_SETTABLE) | RFLAGS_FIXED | RFLAGS_IF;
    r->rsp = frame.rsp;
    r->ss = (u16)frame.ss | 3;
    r->rax = frame.rax;
    /* After a system call, RCX and R11 are set as SYSRET leaves them, so that user mode does not
     * see an address of the kernel in them. */
    r->r11 = frame.flags & VGCF_in_syscall ? r->rflags : frame.r11;
    r->rcx = frame.flags & VGCF_in_syscall ? r->rip : frame.rcx;
    vcpu->nmi_masked = false;
    if (vcpu->domain->vm_assist & 1u << VMASST_TYPE_architectural_iopl) {
        vcpu->iopl = frame.rflags >> RFLAGS_IOPL_SHIFT & 3;
        vcpu_refresh_iopl(vcpu);
    }
    vcpu->info->evtchn_upcall_mask = !(frame.rflags & RFLAGS_IF);
    return 0;
}
