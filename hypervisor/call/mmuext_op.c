/* SPDX-License-Identifier: MIT */
/* mmuext_op: pins, roots, flushes, the LDT, clearing and copying pages. */
#include "hypervisor/call/call.h"
#include "hypervisor/memory/guest_copy.h"
#include "hypervisor/call/mmu.h"
#include "hypervisor/cpu/asm.h"
#include "hypervisor/cpu/cpu.h"
#include "hypervisor/memory/space.h"
#include "hypervisor/cpu/segments.h"
#include "hypervisor/domain/domain.h"
#include "hypervisor/domain/rights.h"
#include "hypervisor/memory/map.h"
#include "hypervisor/vcpu/root.h"
#include "lib/string.h"
#include "vmmu/port.h"

static s64 new_user_root(struct vcpu *vcpu, struct call *call, u64 m)
{
    s64 result;

    if (mfn_is_none(mfn(m))) { /* MFN_NONE means "no root" to the engine; in the ABI 0 does */
        return -XEN_EINVAL;
    }
    result = call_result(call, vmmu_set_user_root(&vcpu->mmu, m ? guest_mfn(m) : MFN_NONE));
    if (result || call->again) {
        return result;
    }
    vcpu_refresh_roots(vcpu);
    return 0;
}

static s64 set_ldt(struct vcpu *vcpu, struct call *call, const struct mmuext_op *op)
{
    s64 result =
        call_result(call, vmmu_set_ldt(&vcpu->mmu, vaddr(op->arg1.linear_addr), op->arg2.nr_ents));

    if (!result && !call->again) {
        segments_load_ldt(window_address(vcpu->window), vcpu->mmu.ldt_entries);
    }
    return result;
}

/* CLEAR_PAGE (`from` NULL) and COPY_PAGE, of pages of `domain`. They have the effect of stores by
 * its guest itself, so `to` must be a page that it may write to. */
static s64 write_page(struct vmmu_domain *domain, mfn_t to, const mfn_t *from)
{
    enum vmmu_result result;

    if (from) {
        result = vmmu_reference(domain, *from);
        if (result != VMMU_DONE) {
            return vmmu_result_errno(result);
        }
    }
    result = vmmu_hold(domain, to);
    if (result == VMMU_DONE) {
        if (from) {
            memcpy(frame_view(to), frame_view(*from), PAGE_SIZE);
        } else {
            memset(frame_view(to), 0, PAGE_SIZE);
        }
        vmmu_unhold(to);
    }
    if (from) {
        vmmu_unreference(*from);
    }
    return result == VMMU_DONE ? 0 : vmmu_result_errno(result);
}

/* The operations on frames, which may be those of another domain: `domain`. */
static s64 serve_frame(struct vcpu *vcpu, struct vmmu_domain *domain, struct call *call,
                       const struct mmuext_op *op)
{
    mfn_t m = guest_mfn(op->arg1.mfn), from;

    switch (op->cmd) {
    case MMUEXT_UNPIN_TABLE:
        return call_result(call, vmmu_unpin(&vcpu->mmu, domain, m));
    case MMUEXT_CLEAR_PAGE:
        return write_page(domain, m, NULL);
    case MMUEXT_COPY_PAGE:
        from = guest_mfn(op->arg2.src_mfn);
        return write_page(domain, m, &from);
    default:
        return call_result(call,
                           vmmu_pin(&vcpu->mmu, domain, m, op->cmd - MMUEXT_PIN_L1_TABLE + 1));
    }
}

/* The operations on the vCPU and on the CPUs of its domain, for which the call names no other
 * domain. */
static s64 serve_own(struct vcpu *vcpu, struct call *call, const struct mmuext_op *op)
{
    mfn_t m = guest_mfn(op->arg1.mfn);

    switch (op->cmd) {
    case MMUEXT_NEW_BASEPTR:
        return call_result(call, root_set_kernel(vcpu, m));
    case MMUEXT_NEW_USER_BASEPTR:
        return new_user_root(vcpu, call, op->arg1.mfn);
    case MMUEXT_TLB_FLUSH_LOCAL:
        space_flush();
        return 0;
    case MMUEXT_INVLPG_LOCAL:
        if (guest_range_ok(op->arg1.linear_addr, 1)) {
            invalidate_page(op->arg1.linear_addr);
        }
        return 0;
    case MMUEXT_TLB_FLUSH_MULTI:
    case MMUEXT_INVLPG_MULTI:
        /* -EINVAL, not -EFAULT, is what the ABI returns here. */
        return call_flush_vcpus(vcpu, (u64)op->arg2.vcpumask.p) ? 0 : -XEN_EINVAL;
    case MMUEXT_TLB_FLUSH_ALL:
    case MMUEXT_INVLPG_ALL:
        call_flush_all_vcpus(vcpu);
        return 0;
    case MMUEXT_SET_LDT:
        return set_ldt(vcpu, call, op);
    default: /* MMUEXT_FLUSH_CACHE, MMUEXT_FLUSH_CACHE_GLOBAL */
        if (!rights_machine(vcpu->domain)) {
            return -XEN_EACCES; /* only a guest with a device needs this */
        }
        write_back_caches();
        return 0;
    }
}

static s64 serve(struct vcpu *vcpu, struct vmmu_domain *domain, struct call *call,
                 const struct mmuext_op *op)
{
    switch (op->cmd) {
    case MMUEXT_PIN_L1_TABLE:
    case MMUEXT_PIN_L2_TABLE:
    case MMUEXT_PIN_L3_TABLE:
    case MMUEXT_PIN_L4_TABLE:
    case MMUEXT_UNPIN_TABLE:
    case MMUEXT_CLEAR_PAGE:
    case MMUEXT_COPY_PAGE:
        return serve_frame(vcpu, domain, call, op);
    case MMUEXT_MARK_SUPER:
    case MMUEXT_UNMARK_SUPER:
        return -XEN_EOPNOTSUPP;
    case MMUEXT_NEW_BASEPTR:
    case MMUEXT_NEW_USER_BASEPTR:
    case MMUEXT_TLB_FLUSH_LOCAL:
    case MMUEXT_INVLPG_LOCAL:
    case MMUEXT_TLB_FLUSH_MULTI:
    case MMUEXT_INVLPG_MULTI:
    case MMUEXT_TLB_FLUSH_ALL:
    case MMUEXT_INVLPG_ALL:
    case MMUEXT_SET_LDT:
    case MMUEXT_FLUSH_CACHE:
    case MMUEXT_FLUSH_CACHE_GLOBAL:
        return domain == &vcpu->domain->mmu ? serve_own(vcpu, call, op) : -XEN_EPERM;
    }
    return -XEN_ENOSYS;
}

s64 call_mmuext_op(struct vcpu *vcpu, struct call *call)
{
    u64 at = call->argument[0], count = (u32)call->argument[1] & ~CALL_PREEMPTED;
    bool rest = call->argument[1] & CALL_PREEMPTED;
    u64 done_at = call->argument[2], done = 0;
    s64 result = 0;

    if (!guest_range_ok(at, count * sizeof(struct mmuext_op))) {
        return -XEN_EFAULT;
    }
    struct domain *domain = vcpu->domain;
    if ((u16)call->argument[3] != DOMID_SELF) {
        domain = rights_target(domain, RIGHT_MAP_FRAMES, (u16)call->argument[3], &result);
        if (!domain) {
            return result;
        }
    }
    while (done < count && !call->again) {
        struct mmuext_op op;

        if (!GET_GUEST(&op, at + done * sizeof op)) {
            result = -XEN_EFAULT;
        } else {
            result = serve(vcpu, &domain->mmu, call, &op);
        }
        if (result || call->again) {
            break;
        }
        if (++done < count && port_should_stop()) {
            call->again = true;
        }
    }
    if (done_at) {
        call_report_done(done_at, rest, done);
    }
    if (call->again) {
        call->argument[0] = at + done * sizeof(struct mmuext_op);
        call->argument[1] = (count - done) | CALL_PREEMPTED;
    }
    return result;
}
