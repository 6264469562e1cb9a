/* SPDX-License-Identifier: MIT */
/* A vCPU's deferred release: what an operation that already has its result has left to do. Either
 * the old kernel root is to be dropped, on which the CPU still runs when the operation returns; or
 * an interrupted demotion, or the undoing of a refused promotion, is to be completed. A vCPU has at
 * most one deferred release. */
#ifndef VMMU_DEFER_H
#define VMMU_DEFER_H

#include "vmmu/vmmu.h"

enum defer_kind {
    DEFER_PUT,    /* a type reference and then a reference are to be dropped */
    DEFER_FINISH, /* the demotion of a partial frame is to be resumed, then a reference dropped */
};

/* Completes the vCPU's deferred release, if it has one. An operation that may itself defer a
 * release calls this first, because a vCPU has at most one. VMMU_AGAIN: interrupted; the operation
 * returns VMMU_AGAIN without having begun. */
static inline enum vmmu_result defer_complete(struct vmmu_vcpu *vcpu)
{
    return mfn_is_none(vcpu->deferred.frame) ? VMMU_DONE : vmmu_finish(vcpu);
}

/* Makes `m` the vCPU's deferred release. The caller's reference on `m`, and with DEFER_PUT its type
 * reference too, belong to the deferred release from then on. Panics if the vCPU has a deferred
 * release already. */
void defer_note(struct vmmu_vcpu *vcpu, mfn_t m, enum defer_kind kind);

/* Drops a type reference and a reference of the caller on `m`. If that begins a demotion which is
 * interrupted, the rest, with the reference, becomes the vCPU's deferred release; the vCPU has none
 * before. */
void defer_put(struct vmmu_vcpu *vcpu, mfn_t m);

/* Gives up `m`, on which the caller has a reference, after a type_get of it that returned `result`,
 * not VMMU_DONE. If `result` is a refusal and `m` is partial (the undoing of its promotion was
 * interrupted), the undoing becomes the vCPU's deferred release, and the caller's reference passes
 * to it. Otherwise drops the reference; after VMMU_AGAIN a partial frame stays partial for the next
 * attempt, unless another domain owns it that is dying: nobody would come for it then, so that it
 * is undone in the same way. In both cases the partial state has a further reference of its own, so
 * that `m` stays. */
void defer_abandon(struct vmmu_vcpu *vcpu, mfn_t m, enum vmmu_result result);

#endif
