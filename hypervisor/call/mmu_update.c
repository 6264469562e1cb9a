/* SPDX-License-Identifier: MIT */
/* Page-table updates: mmu_update, update_va_mapping, update_va_mapping_otherdomain. */
#include "hypervisor/call/call.h"
#include "hypervisor/memory/guest_copy.h"
#include "hypervisor/call/mmu.h"
#include "hypervisor/memory/space.h"
#include "hypervisor/domain/domain.h"
#include "hypervisor/domain/rights.h"
#include "vmmu/port.h"

#define BATCH 32u

/* The engine reads the guest's requests in the ABI's layout and numbering. */
_Static_assert(sizeof(struct vmmu_request) == sizeof(struct mmu_update) &&
                   offsetof(struct vmmu_request, at) == offsetof(struct mmu_update, ptr) &&
                   offsetof(struct vmmu_request, entry) == offsetof(struct mmu_update, val),
               "the ABI's layout");
_Static_assert((u32)VMMU_UPDATE_NORMAL == MMU_NORMAL_PT_UPDATE &&
                   (u32)VMMU_UPDATE_M2P == MMU_MACHPHYS_UPDATE &&
                   (u32)VMMU_UPDATE_PRESERVE_AD == MMU_PT_UPDATE_PRESERVE_AD &&
                   (u32)VMMU_UPDATE_NO_TRANSLATE == MMU_PT_UPDATE_NO_TRANSLATE,
               "the ABI's numbers");

/* The owners that `foreigndom` names. */
struct owners {
    struct vmmu_domain *table, *frame;
};

/* Serves `count` requests at guest address `at`, until one is refused or the hypercall is
 * interrupted; *done is how many have been served. */
static inline __attribute__((always_inline)) s64 update_many(struct vcpu *vcpu, struct call *call,
                                                             struct owners owners, u64 at,
                                                             u64 count, u64 *done)
{
    struct vmmu_request batch[BATCH];
    enum vmmu_result result = VMMU_DONE;
    u64 left = count, served;

    for (; left; left -= served, at += served * sizeof *batch) {
        u64 many = left < BATCH ? left : BATCH;

        if (left < count && port_should_stop()) {
            result = VMMU_AGAIN;
            break;
        }
        if (!copy_from_guest(batch, at, many * sizeof *batch)) {
            many = 1; /* the batch cannot be read as a whole: serve single requests up to the one
                         that faults */
            if (!copy_from_guest(batch, at, sizeof *batch)) {
                *done = count - left;
                return -XEN_EFAULT;
            }
        }
        result = vmmu_update_many(&vcpu->mmu, owners.table, owners.frame, batch, many, &served);
        if (result != VMMU_DONE) {
            left -= served;
            break;
        }
    }
    *done = count - left;
    return result == VMMU_DONE ? 0 : call_result(call, result);
}

/* Finds the owners that `foreigndom` names: the low 16 bits that of the mapped frames, the high 16
 * bits (minus one, if not 0) that of the tables. An unprivileged guest may name only itself. False:
 * *result is the answer. */
static bool find_owners(struct vcpu *vcpu, struct call *call, bool rest, struct owners *owners,
                        s64 *result)
{
    u32 foreigndom = (u32)call->argument[3], tables = foreigndom >> 16;
    struct domain *domain = vcpu->domain;

    if (tables) {
        domain = rights_target(domain, RIGHT_PAGE_TABLES, (u16)(tables - 1), result);
        if (!domain) {
            return false;
        }
    }
    owners->table = &domain->mmu;
    owners->frame = rights_frame_owner(vcpu->domain, (u16)foreigndom, result);
    if (!owners->frame) {
        call_report_done(call->argument[2], rest, 0);
    }
    return owners->frame != NULL;
}

s64 call_mmu_update(struct vcpu *vcpu, struct call *call)
{
    u64 at = call->argument[0], count = (u32)call->argument[1] & ~CALL_PREEMPTED;
    bool rest = call->argument[1] & CALL_PREEMPTED;
    u64 done_at = call->argument[2], done = 0;
    struct owners owners = {&vcpu->domain->mmu, &vcpu->domain->mmu};
    s64 result;

    if (!guest_range_ok(at, count * sizeof(struct mmu_update))) {
        return -XEN_EFAULT;
    }
    if ((u32)call->argument[3] != DOMID_SELF && !find_owners(vcpu, call, rest, &owners, &result)) {
        return result;
    }
    result = update_many(vcpu, call, owners, at, count, &done);
    if (done_at) {
        call_report_done(done_at, rest, done);
    }
    if (call->again) {
        call->argument[0] = at + done * sizeof(struct mmu_update);
        call->argument[1] = (count - done) | CALL_PREEMPTED;
    }
    return result;
}

/* Does the flush that update_va_mapping asks for by the UVMF_ bits in `flags`. */
static s64 serve_flush(struct vcpu *vcpu, u64 va, u64 flags)
{
    u64 who = flags & ~(u64)UVMF_FLUSHTYPE_MASK;

    if ((flags & UVMF_FLUSHTYPE_MASK) == UVMF_NONE) {
        return 0;
    }
    if (who == UVMF_ALL) {
        call_flush_all_vcpus(vcpu);
    } else if (who) {
        return call_flush_vcpus(vcpu, who) ? 0 : -XEN_EFAULT;
    } else if ((flags & UVMF_FLUSHTYPE_MASK) == UVMF_INVLPG) {
        space_flush_page(va, vcpu->user_cr3);
    } else {
        space_flush();
    }
    return 0;
}

static s64 update_va(struct vcpu *vcpu, struct call *call, struct vmmu_domain *frames)
{
    u64 va = call->argument[0], entry = call->argument[1], flags = call->argument[2];
    s64 result = call_result(call, vmmu_update_va(&vcpu->mmu, frames, vaddr(va), entry));

    if (result || call->again) {
        return result;
    }
    return serve_flush(vcpu, va, flags);
}

s64 call_update_va_mapping(struct vcpu *vcpu, struct call *call)
{
    return update_va(vcpu, call, &vcpu->domain->mmu);
}

s64 call_update_va_mapping_otherdomain(struct vcpu *vcpu, struct call *call)
{
    s64 error = 0;
    struct vmmu_domain *frames = rights_frame_owner(vcpu->domain, (u16)call->argument[3], &error);

    return frames ? update_va(vcpu, call, frames) : error;
}
