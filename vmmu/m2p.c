/* SPDX-License-Identifier: MIT */
/* The machine-to-physical map: the guest's own words about its frames, believed by nobody here. */
#include "vmmu/ref.h"
#include "vmmu/result.h"

enum vmmu_result vmmu_set_m2p(struct vmmu_domain *domain, mfn_t m, u64 value)
{
    if (!frame_exists(m)) {
        return result_refuse(domain, REFUSED_BAD_FRAME, m.n);
    }
    const enum vmmu_result result = ref_get(m, domain->id);
    if (result != VMMU_DONE) {
        return result_refuse(domain, result, m.n);
    }
    __atomic_store_n(&vmmu_state.m2p[m.n], value, __ATOMIC_RELAXED);
    ref_put(m);
    return VMMU_DONE;
}
