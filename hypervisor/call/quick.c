/* SPDX-License-Identifier: MIT */
/* The most frequent hypercalls in their most frequent forms. Each reads its arguments where they
 * were saved, and leaves every other form to its handler. */
#include "hypervisor/call/call.h"
#include "hypervisor/memory/guest_copy.h"
#include "hypervisor/domain/domain.h"

/* A single request of mmu_update, of a guest for its own tables and frames. False: nothing has
 * happened. */
static inline bool update_quick(struct vcpu *vcpu, const struct registers *r)
{
    u64 pair[2];

    return (u32)r->rsi == 1 && !r->rdx && (u32)r->r10 == DOMID_SELF &&
           copy_pair_from_kernel(pair, r->rdi) &&
           vmmu_update_quick(&vcpu->mmu, (struct vmmu_request){pair[0], pair[1]});
}

struct vcpu *call_quick(struct vcpu *vcpu)
{
    struct registers *r = &vcpu->registers;

    if (r->rax != __HYPERVISOR_mmu_update || !update_quick(vcpu, r)) {
        return NULL;
    }
    r->rax = 0;
    return vcpu;
}
