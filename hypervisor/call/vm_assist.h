/* SPDX-License-Identifier: MIT */
/* The modes that a domain may switch on, for contexts in and out. */
#ifndef CALL_VM_ASSIST_H
#define CALL_VM_ASSIST_H

#include "lib/types.h"

struct domain;

/* True when all modes in the set (bit N: VMASST_TYPE_* N) exist. */
bool vm_assist_known(u64 modes);

/* vm_assist_set makes the set, which exists, the modes of a domain no vCPU of which is loaded on a
 * CPU. Takes the domain's lock. vm_assist_get: the domain's modes. */
void vm_assist_set(struct domain *domain, u64 modes);
u64 vm_assist_get(const struct domain *domain);

#endif
