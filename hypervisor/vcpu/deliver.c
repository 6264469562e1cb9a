/* SPDX-License-Identifier: MIT */
/* Delivery of traps and callbacks to the guest. */
#include "hypervisor/vcpu/deliver.h"
#include "hypervisor/memory/guest_copy.h"
#include "hypervisor/log/log.h"
#include "hypervisor/cpu/segments.h"
#include "hypervisor/domain/domain.h"
#include "lib/string.h"

/* Builds the stack frame that the ABI prescribes, from the lowest address up: RCX, R11, up to four
 * words `extra` (an error code; for the failsafe callback the selectors), then the interrupted RIP,
 * CS, RFLAGS, RSP and SS. Returns the number of words in the frame. */
#define FRAME_MAX 11
static inline u32 frame_build(u64 frame[FRAME_MAX], const struct vcpu *vcpu, const u64 *extra,
                              u32 extras)
{
    const struct registers *r = &vcpu->registers;
    u64 mask = vcpu->info->evtchn_upcall_mask & 1, *context = frame + 2 + extras;

    frame[0] = r->rcx;
    frame[1] = r->r11;
    for (u32 i = 0; i < extras; i++) {
        frame[2 + i] = extra[i];
    }
    context[0] = r->rip;
    context[1] = ((u16)r->cs & ~(vcpu->in_kernel ? 3ull : 0)) | mask << 32;
    context[2] = (r->rflags & ~(RFLAGS_IF | RFLAGS_IOPL)) | (mask ? 0 : RFLAGS_IF) |
                 (u64)vcpu->shown_iopl << 8;
    context[3] = r->rsp;
    context[4] = r->ss;
    return 7 + extras;
}

/* Makes the guest continue at `to`, in guest kernel mode, with a frame on its kernel stack. Crashes
 * the domain if the frame cannot be written. */
static inline __attribute__((always_inline)) void
deliver(struct vcpu *vcpu, const struct entry_point *to, const u64 *extra, u32 extras)
{
    struct registers *r = &vcpu->registers;
    u64 frame[FRAME_MAX], stack = (vcpu->in_kernel ? r->rsp : vcpu->kernel_sp) & ~15ull;
    u32 count = frame_build(frame, vcpu, extra, extras);

    stack -= count * sizeof(u64);
    if (!vcpu->in_kernel) {
        vcpu_toggle_mode(vcpu);
    }
    if (!copy_to_guest(stack, frame, count * sizeof(u64))) {
        domain_crash(vcpu->domain, "the frame of a trap cannot be written to its kernel stack");
        return;
    }
    if (to->mask_events) {
        vcpu->info->evtchn_upcall_mask = 1;
    }
    r->rip = to->address;
    r->cs = SELECTOR_USER_CS64;
    r->ss = SELECTOR_USER_DS;
    r->rsp = stack;
    r->rflags =
        (r->rflags & ~(RFLAGS_AC | RFLAGS_VM | RFLAGS_RF | RFLAGS_NT | RFLAGS_TF | RFLAGS_IOPL)) |
        RFLAGS_IF;
}

void deliver_trap(struct vcpu *vcpu, u32 vector, u32 error_code)
{
    const struct entry_point *to = &vcpu->trap[vector & 255];
    u64 extra = error_code;

    if (vector == VECTOR_NMI && vcpu->nmi_masked) {
        return;
    }
    if (!to->address) {
        log_line("d%u: no handler for trap %u, error code %#x", vcpu->domain->id, vector,
                 error_code);
        domain_crash(vcpu->domain, "a trap that it has no handler for");
        return;
    }
    if (vector == VECTOR_NMI) {
        vcpu->nmi_masked = true;
    }
    deliver(vcpu, to, &extra,
            vector < VECTOR_FIRST_INTERRUPT && VECTORS_WITH_ERROR_CODE >> vector & 1);
}

void deliver_page_fault(struct vcpu *vcpu, u64 address, u32 error_code)
{
    const struct entry_point *to = &vcpu->trap[VECTOR_PF];
    u64 extra = error_code;

    vcpu->info->arch.cr2 = address;
    if (to->address) {
        deliver(vcpu, to, &extra, 1);
    } else {
        deliver_trap(vcpu, VECTOR_PF, error_code);
    }
}

void deliver_event(struct vcpu *vcpu)
{
    const struct entry_point *to = &vcpu->callback[CALLBACK_EVENT];

    if (!to->address) {
        vcpu->info->evtchn_upcall_mask = 1; /* no callback is registered: mask upcalls again */
        return;
    }
    deliver(vcpu, to, NULL, 0);
    vcpu->info->evtchn_upcall_mask = 1;
}

bool deliver_callback(struct vcpu *vcpu, u32 callback)
{
    const struct entry_point *to = &vcpu->callback[callback];

    if (!to->address) {
        return false;
    }
    deliver(vcpu, to, NULL, 0);
    vcpu->registers.rflags &= ~RFLAGS_DF; /* SYSCALL clears DF too */
    return true;
}

void deliver_failsafe(struct vcpu *vcpu)
{
    const struct entry_point *to = &vcpu->callback[CALLBACK_FAILSAFE];
    u64 selectors[] = {vcpu->ds, vcpu->es, vcpu->fs, vcpu->gs};

    if (!to->address) {
        domain_crash(vcpu->domain,
                     "a selector or iret frame is not valid, and it has no failsafe callback");
        return;
    }
    deliver(vcpu, to, selectors, 4);
}
