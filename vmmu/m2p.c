/* SPDX-License-Identifier: MIT */
/* The machine-to-physical map: the owner's own words about its frames. */
#include "vmmu/m2p.h"

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
    m2p_write(m, value);
    ref_put(m);
    return VMMU_DONE;
}
