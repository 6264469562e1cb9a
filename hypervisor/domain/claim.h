/* SPDX-License-Identifier: MIT */
/* Claims: frames that are promised to a managed domain before it is given them, so that a
 * toolstack knows early whether there is memory for a guest. A claim reserves no certain frames: it
 * is a number, which others leave free. */
#ifndef DOMAIN_CLAIM_H
#define DOMAIN_CLAIM_H

#include "lib/types.h"

struct domain;

/* Claims so many frames that the domain will have `pages`; 0: gives the claim up. Results: 0;
 * -XEN_EINVAL: the domain has a claim already, has `pages` frames already, or may not have so many;
 * -XEN_ENOMEM: so many frames are not free. Takes RANK_CLAIMS. Xen ABI: XENMEM_claim_pages. */
s64 claim_set(struct domain *domain, u64 pages);

/* True when `count` frames may be given to the domain without using those that others claim. */
bool claim_permits(const struct domain *domain, u64 count);

/* Reduces the domain's claim, if it has one, by `count` frames that it was given. Takes
 * RANK_CLAIMS. */
void claim_use(struct domain *domain, u64 count);

/* The number of frames that the domain claims, and that all domains claim. */
u64 claim_of(const struct domain *domain);
u64 claims_all(void);

#endif
