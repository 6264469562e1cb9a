/* SPDX-License-Identifier: MIT */
/* mmuext_op: pins, roots, flushes, the LDT, clearing and copying pages. */
#include "hypervisor/call/call.h"
#include "hypervisor/memory/guest_copy.h"
#include "hypervisor/call/mmu.h"
#include "hypervisor/cpu/flush.h"
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

/* FLUSH_CACHE and FLUSH_CACHE_GLOBAL, which only a guest with a device needs. Both on all CPUs:
 * what the vCPU wrote may be in the cache of a CPU on which it ran before. */
static s64 write_back(const struct vcpu *vcpu)
{
    if (!rights_machine(vcpu->domain)) {
        return -XEN_EACCES;
    }
    flush_caches();
    return 0;
}

static s64 serve(struct vcpu *vcpu, struct call *call, const struct mmuext_op *op)
{
    struct vmmu_domain *domain = &vcpu->domain->mmu;
    mfn_t m = guest_mfn(op->arg1.mfn), from;

    switch (op->cmd) {
    case MMUEXT_PIN_L1_TABLE:
    case MMUEXT_PIN_L2_TABLE:
    case MMUEXT_PIN_L3_TABLE:
    case MMUEXT_PIN_L4_TABLE:
        return call_result(call,
                           vmmu_pin(&vcpu->mmu, domain, m, op->cmd - MMUEXT_PIN_L1_TABLE + 1));
    case MMUEXT_UNPIN_TABLE:
        return call_result(call, vmmu_unpin(&vcpu->mmu, domain, m));
    case MMUEXT_NEW_BASEPTR:
        return call_result(call, root_set_kernel(vcpu, m));
    case MMUEXT_NEW_USER_BASEPTR:
        return new_user_root(vcpu, call, op->arg1.mfn);
    case MMUEXT_TLB_FLUSH_LOCAL:
        space_flush();
        return 0;
    case MMUEXT_INVLPG_LOCAL:
        if (guest_range_ok(op->arg1.linear_addr, 1)) {
            space_flush_page(op->arg1.linear_addr, vcpu->user_cr3);
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
    case MMUEXT_CLEAR_PAGE:
        return write_page(domain, m, NULL);
    case MMUEXT_COPY_PAGE:
        from = guest_mfn(op->arg2.src_mfn);
        return write_page(domain, m, &from);
    case MMUEXT_FLUSH_CACHE:
    case MMUEXT_FLUSH_CACHE_GLOBAL:
        return write_back(vcpu);
    case MMUEXT_MARK_SUPER:
    case MMUEXT_UNMARK_SUPER:
        return -XEN_EOPNOTSUPP;
    }
    return -XEN_ENOSYS;
}

/* Serves an operation on frames of `domain`, which is not the vCPU's. The operations on the vCPU
 * itself and on the CPUs of its domain are refused. */
static __attribute__((noinline)) s64 serve_foreign(struct vcpu *vcpu, struct vmmu_domain *domain,
                                                   struct call *call, const struct mmuext_op *op)
{
    mfn_t m = guest_mfn(op->arg1.mfn), from;

    switch (op->cmd) {
    case MMUEXT_PIN_L1_TABLE:
    case MMUEXT_PIN_L2_TABLE:
    case MMUEXT_PIN_L3_TABLE:
    case MMUEXT_PIN_L4_TABLE:
        return call_result(call,
                           vmmu_pin(&vcpu->mmu, domain, m, op->cmd - MMUEXT_PIN_L1_TABLE + 1));
    case MMUEXT_UNPIN_TABLE:
        return call_result(call, vmmu_unpin(&vcpu->mmu, domain, m));
    case MMUEXT_CLEAR_PAGE:
        return write_page(domain, m, NULL);
    case MMUEXT_COPY_PAGE:
        from = guest_mfn(op->arg2.src_mfn);
        return write_page(domain, m, &from);
    case MMUEXT_MARK_SUPER:
    case MMUEXT_UNMARK_SUPER:
        return -XEN_EOPNOTSUPP;
    }
    return op->cmd > MMUEXT_UNMARK_SUPER ? -XEN_ENOSYS : -XEN_EPERM;
}

static bool operations_ok(const struct call *call)
{
    u64 count = (u32)call->argument[1] & ~CALL_PREEMPTED;

    return guest_range_ok(call->argument[0], count * sizeof(struct mmuext_op));
}

/* Serves the call, whose operations lie at a good address, for frames of `foreign`, or of the
 * vCPU's own domain if that is NULL. */
static inline __attribute__((always_inline)) s64 serve_all(struct vcpu *vcpu, struct call *call,
                                                           struct domain *foreign)
{
    u64 at = call->argument[0], count = (u32)call->argument[1] & ~CALL_PREEMPTED;
    bool rest = call->argument[1] & CALL_PREEMPTED;
    u64 done_at = call->argument[2], done = 0;
    s64 result = 0;

    while (done < count && !call->again) {
        struct mmuext_op op;

        if (!GET_GUEST(&op, at + done * sizeof op)) {
            result = -XEN_EFAULT;
        } else {
            result =
                foreign ? serve_foreign(vcpu, &foreign->mmu, call, &op) : serve(vcpu, call, &op);
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

static __attribute__((noinline)) s64 serve_for(struct vcpu *vcpu, struct call *call, u16 id)
{
    s64 error;
    struct domain *foreign = rights_target(vcpu->domain, RIGHT_MAP_FRAMES, id, &error);

    return foreign ? serve_all(vcpu, call, foreign) : error;
}

s64 call_mmuext_op(struct vcpu *vcpu, struct call *call)
{
    const u16 id = (u16)call->argument[3];

    if (!operations_ok(call)) {
        return -XEN_EFAULT;
    }
    return id == DOMID_SELF ? serve_all(vcpu, call, NULL) : serve_for(vcpu, call, id);
}
