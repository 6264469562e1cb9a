/* SPDX-License-Identifier: MIT */
/* domctl: what a domain's frames are used as, for saving them. */
#include "hypervisor/call/domctl/domctl.h"
#include "hypervisor/domain/domain.h"
#include "hypervisor/memory/guest_copy.h"

#define FRAMES_MOST 1024u

/* The ABI's word for frame `m`: which level of table it is at present and whether it is pinned, or
 * that it is not the domain's. */
static xen_pfn_t describe(const struct domain *domain, mfn_t m)
{
    struct vmmu_frame_info info;

    vmmu_frame_inspect(m, &info);
    if (!info.valid || !info.owned || info.owner != domain->id) {
        return XEN_DOMCTL_PFINFO_XTAB;
    }
    const xen_pfn_t pinned = info.pinned ? XEN_DOMCTL_PFINFO_LPINTAB : 0;
    if (!info.type_count) {
        return XEN_DOMCTL_PFINFO_NOTAB;
    }
    switch (info.type) {
    case VMMU_TYPE_L1:
        return XEN_DOMCTL_PFINFO_L1TAB | pinned;
    case VMMU_TYPE_L2:
        return XEN_DOMCTL_PFINFO_L2TAB | pinned;
    case VMMU_TYPE_L3:
        return XEN_DOMCTL_PFINFO_L3TAB | pinned;
    case VMMU_TYPE_L4:
        return XEN_DOMCTL_PFINFO_L4TAB | pinned;
    default:
        return XEN_DOMCTL_PFINFO_NOTAB;
    }
}

s64 domctl_getpageframeinfo3(struct domctl *d)
{
    const struct xen_domctl_getpageframeinfo3 *ask = &d->op.u.getpageframeinfo3;
    const u64 array = (u64)ask->array.p;

    if (ask->num > FRAMES_MOST) {
        return -XEN_E2BIG;
    }
    for (u64 i = 0; i < ask->num; i++) {
        xen_pfn_t word;

        if (!GET_GUEST(&word, array + i * sizeof word)) {
            return -XEN_EFAULT;
        }
        word = describe(d->target, guest_mfn(word));
        if (!PUT_GUEST(array + i * sizeof word, &word)) {
            return -XEN_EFAULT;
        }
    }
    return 0;
}
