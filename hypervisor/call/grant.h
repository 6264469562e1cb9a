/* SPDX-License-Identifier: MIT */
/* The operations of grant_table_op on single elements, and what they share. */
#ifndef CALL_GRANT_H
#define CALL_GRANT_H

#include "hypervisor/domain/rights.h"
#include "hypervisor/xen.h"
#include "vmmu/vmmu.h"

struct call;
struct domain;
struct vcpu;

/* Finds the domain with number `id` (or DOMID_SELF), if the vCPU's domain has `right` over it and
 * it has not ended. NULL: *status is GNTST_permission_denied, or GNTST_bad_domain where there is no
 * such domain. */
struct domain *grant_domain(const struct vcpu *vcpu, enum right right, u16 id, s16 *status);

/* Translates a result of the engine to a GNTST_ code. */
s16 grant_status(enum vmmu_result result);

/* Each serves one element of the guest's array and stores the status in it. call->again set:
 * interrupted, the grant and the mapping are as before, serve the element again. grant_copy_one is
 * never interrupted. */
void grant_map_one(struct vcpu *vcpu, struct call *call, struct gnttab_map_grant_ref *op);
void grant_unmap_one(struct vcpu *vcpu, struct call *call, struct gnttab_unmap_grant_ref *op);
void grant_replace_one(struct vcpu *vcpu, struct call *call, struct gnttab_unmap_and_replace *op);
void grant_copy_one(struct vcpu *vcpu, struct gnttab_copy *op);

#endif
