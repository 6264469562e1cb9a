/* SPDX-License-Identifier: MIT */
/* What a toolstack is shown of a domain. */
#ifndef DOMAIN_INFO_H
#define DOMAIN_INFO_H

#include "hypervisor/xen.h"

struct domain;

/* Fills *info for the domain, which may have ended: all members, padding included. Xen ABI:
 * XEN_DOMCTL_getdomaininfo, XEN_SYSCTL_getdomaininfolist. */
void domain_info(struct domain *domain, struct xen_domctl_getdomaininfo *info);

#endif
