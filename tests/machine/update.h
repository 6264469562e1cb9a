/* SPDX-License-Identifier: MIT */
/* One request of mmu_update, as the hypercall does it. */
#ifndef TESTS_MACHINE_UPDATE_H
#define TESTS_MACHINE_UPDATE_H

#include "vmmu/vmmu.h"

/* Does the request the quick way, if that can, or else as vmmu_update. */
static inline enum vmmu_result update_entry(struct vmmu_vcpu *vcpu, struct vmmu_domain *table_owner,
                                            struct vmmu_domain *frame_owner, maddr_t at, u64 entry,
                                            enum vmmu_update_kind kind)
{
    const bool own = table_owner == vcpu->domain && frame_owner == table_owner;

    if (own && at.a % sizeof(u64) == 0 && (u32)kind < sizeof(u64) &&
        vmmu_update_quick(vcpu, (struct vmmu_request){at.a | kind, entry})) {
        return VMMU_DONE;
    }
    return vmmu_update(vcpu, table_owner, frame_owner, at, entry, kind);
}

#endif
