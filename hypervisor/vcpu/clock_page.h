/* SPDX-License-Identifier: MIT */
/* The time that the ABI shows to a guest (xen.h: vcpu_time_info, and wc_ in shared_info). */
#ifndef VCPU_CLOCK_PAGE_H
#define VCPU_CLOCK_PAGE_H

#include "lib/types.h"

struct vcpu;
struct domain;

/* Writes vcpu_time_info into the vCPU's vcpu_info. Its values never change, so it need be written
 * only once after vcpu_info has moved to another place; writing it again does no harm. */
void clock_page_update(struct vcpu *vcpu);

/* Writes vcpu_time_info into the copy that the current vCPU has registered, if it has registered
 * one. False: there is a copy, but the guest's memory there could not be written. */
bool clock_page_update_area(struct vcpu *vcpu);

/* Writes the wall-clock time at system time 0 into shared_info, if the domain still has it. Takes
 * domain->lock. */
void clock_page_update_wall(struct domain *domain);

#endif
