/* SPDX-License-Identifier: MIT */
/* The most frequent hypercalls in their most frequent forms. Each reads its arguments where they
 * were saved, and leaves every other form to its handler. */
#include "hypervisor/call/call.h"
#include "hypervisor/call/mmu.h"
#include "hypervisor/call/segment.h"
#include "hypervisor/domain/domain.h"
#include "hypervisor/memory/guest_copy.h"
#include "hypervisor/memory/space.h"
#include "lib/opaque.h"

/* Each serves one hypercall and returns as call_quick. They are not inlined: call_quick would
 * otherwise save all registers that the largest of them needs. */
#define QUICK static __attribute__((noinline)) bool

/* A single request, of a guest for its own tables and frames. All that may follow is called last,
 * so that this function saves no registers. */
QUICK update_quick(struct vcpu *vcpu)
{
    const struct registers *r = &vcpu->registers;
    struct vmmu_vcpu *mmu = opaque_pointer(&vcpu->mmu);
    u64 pair[2];

    return (u32)r->rsi == 1 && !r->rdx && (u32)r->r10 == DOMID_SELF &&
           copy_pair_from_kernel(pair, r->rdi) &&
           vmmu_update_quick(mmu, (struct vmmu_request){pair[0], pair[1]});
}

QUICK segment_base_quick(struct vcpu *vcpu)
{
    struct registers *r = &vcpu->registers;

    return segment_set_base(r->rdi, r->rsi) == 0;
}

QUICK stack_quick(struct vcpu *vcpu)
{
    struct registers *r = &vcpu->registers;

    vcpu_set_kernel_stack(vcpu, r->rdi, r->rsi);
    return true;
}

/* Another root for the vCPU, of the mode `kernel` or of user mode. False: the operation has not
 * been done, or the release of the old root is still to be completed. */
static inline bool root_quick(struct vcpu *vcpu, mfn_t m, bool kernel, bool *done)
{
    *done = vmmu_set_root_quick(&vcpu->mmu, m, kernel);
    if (!*done) {
        return false;
    }
    vcpu_refresh_roots(vcpu);
    if (kernel) {
        vcpu_load_root(vcpu);
    }
    return vmmu_finish_quick(&vcpu->mmu);
}

/* One operation of mmuext_op. Returns as root_quick. */
static inline bool operation_quick(struct vcpu *vcpu, u32 command, u64 argument, bool *done)
{
    *done = true;
    switch (command) {
    case MMUEXT_NEW_BASEPTR:
        return root_quick(vcpu, guest_mfn(argument), true, done);
    case MMUEXT_NEW_USER_BASEPTR: /* frame 0 means none */
        return root_quick(vcpu, argument ? guest_mfn(argument) : MFN_NONE, false, done);
    case MMUEXT_INVLPG_LOCAL:
        if (guest_range_ok(argument, 1)) {
            space_flush_page(argument, vcpu->user_cr3);
        }
        return true;
    case MMUEXT_TLB_FLUSH_LOCAL:
        space_flush();
        return true;
    }
    *done = false;
    return false;
}

/* mmuext_op for frames of the vCPU's own domain, with one operation or two. If operations are left,
 * or the release of a root, it makes the call an interrupted one, of which the arguments describe
 * the rest. */
QUICK operations_quick(struct vcpu *vcpu)
{
    struct registers *r = &vcpu->registers;
    u64 at = r->rdi, count = (u32)r->rsi, pair[2];
    bool quick = true, done;

    if (count - 1 > 1 || r->rdx || (u16)r->r10 != DOMID_SELF) {
        return false;
    }
    while (quick && count) {
        if (!copy_pair_from_kernel(pair, at)) {
            quick = false;
            break;
        }
        quick = operation_quick(vcpu, (u32)pair[0], pair[1], &done);
        at += done ? sizeof(struct mmuext_op) : 0;
        count -= done;
    }
    if (!quick && at != r->rdi) {
        r->rdi = at;
        r->rsi = count | CALL_PREEMPTED;
    }
    return quick;
}

bool call_quick(struct vcpu *vcpu)
{
    const u64 number = vcpu->registers.rax;

    if (number == __HYPERVISOR_mmu_update) {
        return update_quick(vcpu);
    }
    if (number == __HYPERVISOR_set_segment_base) {
        return segment_base_quick(vcpu);
    }
    if (number == __HYPERVISOR_mmuext_op) {
        return operations_quick(vcpu);
    }
    return number == __HYPERVISOR_stack_switch && stack_quick(vcpu);
}

bool call_multicall_quick(struct vcpu *vcpu, u64 at)
{
    u64 head[2], mapping[2], flags[2];
    const u64 arguments = at + offsetof(struct multicall_entry, args);

    if (!copy_pair_from_kernel(head, at) || head[0] != __HYPERVISOR_update_va_mapping ||
        !copy_pair_from_kernel(mapping, arguments) ||
        !copy_pair_from_kernel(flags, arguments + sizeof mapping) ||
        (flags[0] & UVMF_FLUSHTYPE_MASK) != UVMF_NONE) {
        return false;
    }
    return vmmu_update_va_quick(&vcpu->mmu, vaddr(mapping[0]), mapping[1]);
}
