/* SPDX-License-Identifier: MIT */
/* A vCPU's deferred release. */
#include "vmmu/defer.h"

#include "vmmu/port.h"
#include "vmmu/ref.h"
#include "vmmu/result.h"
#include "vmmu/type.h"

void defer_note(struct vmmu_vcpu *vcpu, mfn_t m, enum defer_kind kind)
{
    if (!mfn_is_none(vcpu->deferred.frame)) {
        port_panic("a vCPU has two deferred releases", m.n);
    }
    vcpu->deferred = (struct vmmu_deferred){m, kind};
}

void defer_put(struct vmmu_vcpu *vcpu, mfn_t m)
{
    if (type_put(m) == VMMU_DONE) {
        ref_put(m);
    } else {
        defer_note(vcpu, m, DEFER_FINISH);
    }
}

/* Says whether `m`, on which the caller has a reference, is of another domain than the vCPU's, and
 * that domain is dying. */
static bool is_of_dying_domain(const struct vmmu_vcpu *vcpu, mfn_t m)
{
    struct vmmu_domain *owner = frame_domain(m);
    return owner != vcpu->domain && domain_is_dying(owner);
}

void defer_abandon(struct vmmu_vcpu *vcpu, mfn_t m, enum vmmu_result result)
{
    const u64 use = frame_type_word(m);
    if ((use & USE_PARTIAL) && (result_is_refusal(result) || is_of_dying_domain(vcpu, m))) {
        defer_note(vcpu, m, DEFER_FINISH);
    } else {
        ref_put(m);
    }
}

bool vmmu_finish_quick(struct vmmu_vcpu *vcpu)
{
    const mfn_t m = vcpu->deferred.frame;
    if (mfn_is_none(m)) {
        return true;
    }
    if (vcpu->deferred.kind != DEFER_PUT || !type_put_fast(frame_of(m))) {
        return false;
    }
    vcpu->deferred.frame = MFN_NONE;
    ref_put(m);
    return true;
}

enum vmmu_result vmmu_finish(struct vmmu_vcpu *vcpu)
{
    struct vmmu_deferred *deferred = &vcpu->deferred;
    if (mfn_is_none(deferred->frame)) {
        return VMMU_DONE;
    }
    const mfn_t m = deferred->frame;
    const enum vmmu_result result = deferred->kind == DEFER_PUT ? type_put(m) : type_finish(m);
    if (result != VMMU_DONE) {
        deferred->kind = DEFER_FINISH;
        return result;
    }
    deferred->frame = MFN_NONE;
    ref_put(m);
    return VMMU_DONE;
}
