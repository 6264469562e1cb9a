/* SPDX-License-Identifier: MIT */
/* The parts of grant_table_op. */
#ifndef CALL_GRANT_H
#define CALL_GRANT_H

#include "hypervisor/xen.h"
#include "vmmu/vmmu.h"

struct call;
struct domain;
struct vcpu;

/* The living domain that `id` means; NULL: none. */
struct domain *grant_domain(const struct vcpu *vcpu, u16 id);

/* The engine's answer as a GNTST_ code. */
s16 grant_status(enum vmmu_result result);

/* Each serves one element and leaves its status there; call->again: nothing happened, once more. */
void grant_map_one(struct vcpu *vcpu, struct call *call, struct gnttab_map_grant_ref *op);
void grant_unmap_one(struct vcpu *vcpu, struct call *call, struct gnttab_unmap_grant_ref *op);
void grant_copy_one(struct vcpu *vcpu, struct gnttab_copy *op);

#endif
