/* SPDX-License-Identifier: MIT */
/* The kernel root and the user root of a vCPU: the L4 tables that CR3 names. */
#include "vmmu/defer.h"
#include "vmmu/entry.h"
#include "vmmu/descriptor_table.h"
#include "vmmu/lessened.h"
#include "vmmu/m2p.h"
#include "vmmu/ref.h"
#include "vmmu/result.h"
#include "vmmu/type.h"

/* Takes the reference and the L4 type reference that a root `m` of the vCPU needs, and reports a
 * refusal. VMMU_AGAIN and refusals: as for vmmu_set_kernel_root; if the undoing of a refused
 * promotion is interrupted, it becomes the vCPU's deferred release. */
static enum vmmu_result get_root(struct vmmu_vcpu *vcpu, mfn_t m)
{
    u64 word = m.n;
    enum vmmu_result result =
        frame_exists(m) ? ref_get(m, vcpu->domain->id) : VMMU_REFUSED_BAD_FRAME;

    if (result == VMMU_DONE) {
        result = type_get(m, VMMU_TYPE_L4, &word);
        if (result != VMMU_DONE) {
            defer_abandon(vcpu, m, result);
        }
    }
    return result_report(vcpu->domain, result, word);
}

/* Gives the L4 table `root`, which is locked, the hypervisor's slots of a kernel root or of a user
 * root, except that of the M2P. */
static void slots_write(const struct vmmu_domain *domain, mfn_t root, bool kernel)
{
    const u64 *slots = kernel ? domain->hypervisor_slots : domain->user_slots;

    for (u32 i = 1; i < ARRAY_LENGTH(vmmu_engine.hypervisor_slots); i++) {
        word_write(&frame_words(root)[VMMU_GUEST_HOLE_FIRST + i], slots[i]);
    }
}

void m2p_show_slow(struct vmmu_domain *domain, mfn_t root, bool kernel)
{
    if (!type_lock(root, VMMU_TYPE_L4, 0)) {
        return;
    }
    /* The mode is read with the table locked: otherwise another CPU could change it and hide the
     * M2P in this table before this one shows it. */
    const bool hidden = m2p_is_hidden(domain);
    if (kernel != hidden) {
        const u64 entry = vmmu_engine.hypervisor_slots[VMMU_M2P_SLOT - VMMU_GUEST_HOLE_FIRST];
        word_write(&frame_words(root)[VMMU_M2P_SLOT], hidden ? 0 : entry);
        if (hidden) {
            /* After the store, and seen after it, because the exchange is locked: a CPU that loads
             * a root between the two keeps the M2P, and the next load drops it. In the other order
             * that load would clear the mark, fill in the old entry again, and keep it. */
            lessened_mark(domain);
        }
    }
    if (slots_are_others(domain, root, kernel)) {
        slots_write(domain, root, kernel);
        lessened_mark(domain);
    }
    type_unlock(root);
}

enum vmmu_result vmmu_set_kernel_root(struct vmmu_vcpu *vcpu, mfn_t m)
{
    enum vmmu_result result = defer_complete(vcpu);
    const mfn_t old = vcpu->kernel_root;

    if (result != VMMU_DONE) {
        return result;
    }
    if (!mfn_equal(m, old)) {
        result = get_root(vcpu, m);
        if (result != VMMU_DONE) {
            return result;
        }
        vcpu->kernel_root = m;
        if (!mfn_is_none(old)) {
            /* The CPU runs on the old root until the caller has loaded the new one. */
            defer_note(vcpu, old, DEFER_PUT);
        }
    }
    if (!mfn_is_none(m)) { /* none: the vCPU has no root, and keeps none */
        m2p_show(vcpu->domain, m);
    }
    vmmu_ldt_drop(vcpu);
    vcpu->counted.root_switches++;
    return VMMU_DONE;
}

enum vmmu_result vmmu_set_user_root(struct vmmu_vcpu *vcpu, mfn_t m)
{
    enum vmmu_result result = defer_complete(vcpu);
    const mfn_t old = vcpu->user_root;

    if (result != VMMU_DONE) {
        return result;
    }
    if (mfn_equal(m, old)) {
        if (!mfn_is_none(m)) {
            m2p_hide(vcpu->domain, m);
        }
        return VMMU_DONE;
    }
    if (!mfn_is_none(m)) {
        result = get_root(vcpu, m);
        if (result != VMMU_DONE) {
            return result;
        }
        m2p_hide(vcpu->domain, m);
    }
    vcpu->user_root = m;
    if (!mfn_is_none(old)) {
        defer_put(vcpu, old);
    }
    return VMMU_DONE;
}

bool vmmu_set_root_quick(struct vmmu_vcpu *vcpu, mfn_t m, bool kernel)
{
    mfn_t *const root = kernel ? &vcpu->kernel_root : &vcpu->user_root;

    if (!mfn_is_none(vcpu->deferred.frame) || mfn_equal(m, *root) || vcpu->ldt_entries) {
        return false;
    }
    if (!frame_exists(m)) {
        if (kernel || !mfn_is_none(m)) {
            return false;
        }
    } else if (ref_get(m, vcpu->domain->id) != VMMU_DONE) {
        return false;
    } else if (!type_get_fast(frame_of(m), VMMU_TYPE_L4)) {
        ref_put(m);
        return false;
    } else if (kernel) {
        m2p_show(vcpu->domain, m);
        vcpu->counted.root_switches++;
    } else {
        m2p_hide(vcpu->domain, m);
    }
    vcpu->deferred = (struct vmmu_deferred){*root, DEFER_PUT};
    *root = m;
    return true;
}

/* Adds what the vCPU has counted to the counters of its domain, for a time when the vCPU's struct
 * is gone. */
static void counters_hand_over(struct vmmu_vcpu *vcpu)
{
    vmmu_counters_add(vcpu, &vcpu->domain->counters);
    vcpu->counted = (struct vmmu_counted){0};
}

enum vmmu_result vmmu_vcpu_stop(struct vmmu_vcpu *vcpu)
{
    mfn_t *const roots[] = {&vcpu->kernel_root, &vcpu->user_root};

    for (u32 i = 0; i < ARRAY_LENGTH(roots); i++) {
        const enum vmmu_result result = defer_complete(vcpu);
        if (result != VMMU_DONE) {
            return result;
        }
        if (!mfn_is_none(*roots[i])) {
            defer_put(vcpu, *roots[i]);
            *roots[i] = MFN_NONE;
            if (!mfn_is_none(vcpu->deferred.frame)) {
                return VMMU_AGAIN;
            }
        }
    }
    descriptor_table_drop_all(vcpu);
    counters_hand_over(vcpu);
    return defer_complete(vcpu);
}
