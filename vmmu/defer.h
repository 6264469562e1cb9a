/* SPDX-License-Identifier: MIT */
/* A vCPU's deferred release: a demotion that was interrupted after the operation that caused it had
 * taken effect. A vCPU has at most one. */
#ifndef VMMU_DEFER_H
#define VMMU_DEFER_H

#include "vmmu/vmmu.h"

enum defer_kind {
    DEFER_PUT,    /* a type reference and then a reference are to be dropped */
    DEFER_FINISH, /* the demotion of a partial frame is to be resumed, then a reference dropped */
};

/* Completes the vCPU's deferred release, if it has one; every operation begins with this.
 * VMMU_AGAIN: interrupted, the operation must not begin. */
static inline enum vmmu_result defer_complete(struct vmmu_vcpu *vcpu)
{
    return mfn_is_none(vcpu->deferred.frame) ? VMMU_DONE : vmmu_finish(vcpu);
}

/* Records a deferred release of `m`. The vCPU must have none, or the engine panics. */
void defer_note(struct vmmu_vcpu *vcpu, mfn_t m, enum defer_kind kind);

/* Drops a type reference and a reference of the caller on `m`. If the demotion that follows is
 * interrupted, the rest becomes the vCPU's deferred release. */
void defer_put(struct vmmu_vcpu *vcpu, mfn_t m);

/* Gives up `m`, on which the caller has a reference, after a type_get of it that returned `result`,
 * not VMMU_DONE. Drops the reference; or, if the refused promotion is still to be undone, makes
 * that the vCPU's deferred release. An interrupted promotion stays partial for the next attempt. */
void defer_abandon(struct vmmu_vcpu *vcpu, mfn_t m, enum vmmu_result result);

#endif
