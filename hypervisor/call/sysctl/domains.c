/* SPDX-License-Identifier: MIT */
/* sysctl: the list of domains. */
#include "hypervisor/call/sysctl/sysctl.h"
#include "hypervisor/domain/domain.h"
#include "hypervisor/domain/info.h"
#include "hypervisor/memory/guest_copy.h"

s64 sysctl_getdomaininfolist(struct sysctl *s)
{
    struct xen_sysctl_getdomaininfolist *list = &s->op.u.getdomaininfolist;
    struct domain *domain;
    u32 count = 0, next = list->first_domain;

    while (count < list->max_domains && next < DOMID_FIRST_RESERVED &&
           (domain = domain_from((u16)next))) {
        struct xen_domctl_getdomaininfo info;

        domain_info(domain, &info);
        if (!PUT_GUEST((u64)list->buffer.p + count * sizeof info, &info)) {
            return -XEN_EFAULT;
        }
        next = domain->id + 1u;
        count++;
    }
    list->num_domains = count;
    s->answers = true;
    return 0;
}
