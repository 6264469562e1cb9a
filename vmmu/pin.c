/* SPDX-License-Identifier: MIT */
/* Pins. A pin is a reference and a type reference that a guest takes on a table, so that the table
 * stays validated while nothing else uses it. */
#include "vmmu/defer.h"
#include "vmmu/ref.h"
#include "vmmu/result.h"
#include "vmmu/type.h"

/* The last step of vmmu_pin for a table of another domain: `m`, on which the caller has a reference
 * and a type reference. That domain may be torn down meanwhile, and the pass that drops its pins
 * may be beyond `m` already. Refuses: ALREADY_PINNED, DOMAIN_DYING. */
static __attribute__((noinline)) enum vmmu_result
pin_foreign(struct vmmu_vcpu *vcpu, struct vmmu_domain *owner, mfn_t m, u32 level)
{
    enum vmmu_result result = VMMU_DONE;

    ref_get_more(m); /* keeps the frame if that pass drops the pin */
    if (frame_set_type_bits(m, USE_PINNED) & USE_PINNED) {
        defer_put(vcpu, m);
        result = VMMU_REFUSED_ALREADY_PINNED;
    } else if (domain_is_dying(owner)) {
        if (frame_clear_type_bits(m, USE_PINNED) & USE_PINNED) {
            defer_put(vcpu, m);
        }
        result = VMMU_REFUSED_DOMAIN_DYING;
    } else {
        count_up(&owner->counters.pins, 1);
        port_work_done(VMMU_WORK_PIN, owner, m, level);
    }
    ref_put(m);
    return result_report(vcpu->domain, result, m.n);
}

enum vmmu_result vmmu_pin(struct vmmu_vcpu *vcpu, struct vmmu_domain *owner, mfn_t m, u32 level)
{
    enum vmmu_result result = defer_complete(vcpu);
    u64 word = m.n;

    if (result != VMMU_DONE) {
        return result;
    }
    if (level < 1 || level > 4) {
        return result_refuse(vcpu->domain, VMMU_REFUSED_BAD_LEVEL, level);
    }
    if (!frame_exists(m)) {
        return result_refuse(vcpu->domain, VMMU_REFUSED_BAD_FRAME, m.n);
    }
    if (owner != vcpu->domain && domain_is_dying(owner)) {
        return result_refuse(vcpu->domain, VMMU_REFUSED_DOMAIN_DYING, m.n);
    }
    result = ref_get(m, owner->id);
    if (result != VMMU_DONE) {
        return result_refuse(vcpu->domain, result, m.n);
    }
    if (frame_type_word(m) & USE_PINNED) {
        ref_put(m);
        return result_refuse(vcpu->domain, VMMU_REFUSED_ALREADY_PINNED, m.n);
    }
    result = type_get(m, (enum vmmu_type)level, &word);
    if (result != VMMU_DONE) {
        defer_abandon(vcpu, m, result);
        return result_report(vcpu->domain, result, word);
    }
    if (owner != vcpu->domain) {
        return pin_foreign(vcpu, owner, m, level);
    }
    if (frame_set_type_bits(m, USE_PINNED) & USE_PINNED) {
        defer_put(vcpu, m);
        return result_refuse(vcpu->domain, VMMU_REFUSED_ALREADY_PINNED, m.n);
    }
    count_up(&owner->counters.pins, 1);
    port_work_done(VMMU_WORK_PIN, owner, m, level);
    return VMMU_DONE;
}

enum vmmu_result vmmu_unpin(struct vmmu_vcpu *vcpu, struct vmmu_domain *owner, mfn_t m)
{
    enum vmmu_result result = defer_complete(vcpu);

    if (result != VMMU_DONE) {
        return result;
    }
    if (!frame_exists(m)) {
        return result_refuse(vcpu->domain, VMMU_REFUSED_BAD_FRAME, m.n);
    }
    result = ref_get(m, owner->id);
    if (result != VMMU_DONE) {
        return result_refuse(vcpu->domain, result, m.n);
    }
    /* The CPU that clears the bit drops the pin's reference and type reference; no other CPU does,
     * because the bit is cleared atomically. */
    const u64 old = frame_clear_type_bits(m, USE_PINNED);
    if (!(old & USE_PINNED)) {
        ref_put(m);
        return result_refuse(vcpu->domain, VMMU_REFUSED_NOT_PINNED, m.n);
    }
    count_up(&owner->counters.unpins, 1);
    port_work_done(VMMU_WORK_UNPIN, owner, m, (u32)use_type(old));
    defer_put(vcpu, m);
    ref_put(m);
    return VMMU_DONE;
}
