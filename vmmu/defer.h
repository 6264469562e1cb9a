/* SPDX-License-Identifier: MIT */
/* The one thing that a vCPU may still have to do for an operation that is over. */
#ifndef VMMU_DEFER_H
#define VMMU_DEFER_H

#include "vmmu/vmmu.h"

enum defer_kind {
    DEFER_PUT,    /* a type reference and a reference are to be dropped */
    DEFER_FINISH, /* a partial frame is to be demoted, then a reference dropped */
};

/* What every operation begins with. VMMU_DONE: the vCPU owes nothing. */
static inline enum vmmu_result defer_complete(struct vmmu_vcpu *vcpu)
{
    return mfn_is_none(vcpu->deferred.frame) ? VMMU_DONE : vmmu_finish(vcpu);
}

/* Notes it; the vCPU owes nothing so far. */
void defer_note(struct vmmu_vcpu *vcpu, mfn_t m, enum defer_kind kind);

/* Drops a type reference and a reference on `m`, or notes what is left of that. */
void defer_put(struct vmmu_vcpu *vcpu, mfn_t m);

/* The caller's try to get a type reference on `m` ended with `result`, not VMMU_DONE. Drops the
 * reference, or notes that a failed promotion has to be unwound first. An interrupted one is left
 * partial, for the next try. */
void defer_abandon(struct vmmu_vcpu *vcpu, mfn_t m, enum vmmu_result result);

#endif
