/* SPDX-License-Identifier: MIT */
/* The time that the ABI shows to a guest (xen.h: vcpu_time_info, and wc_ in shared_info). */
#ifndef VCPU_CLOCK_PAGE_H
#define VCPU_CLOCK_PAGE_H

#include "lib/types.h"

struct vcpu;
struct domain;

/* Writes vcpu_time_info into the vCPU's vcpu_info. The parameters of the clock never change, so it
 * is needed only once for each place of the structure; writing it again does no harm. */
void clock_page_update(struct vcpu *vcpu);

/* Writes the same into the copy that the current vCPU has registered, if it has. False: the copy
 * cannot be written to. */
bool clock_page_update_area(struct vcpu *vcpu);

/* Writes the wall clock's time into shared_info. Takes domain->lock. */
void clock_page_update_wall(struct domain *domain);

#endif
