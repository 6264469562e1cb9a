/* SPDX-License-Identifier: MIT */
/* The kernel root of a vCPU. */
#ifndef VCPU_ROOT_H
#define VCPU_ROOT_H

#include "lib/addr.h"
#include "vmmu/vmmu.h"

struct vcpu;

/* Makes frame `m` the current vCPU's kernel root and loads that root. Returns the engine's result;
 * unless it is VMMU_DONE, the old root remains. */
enum vmmu_result root_set_kernel(struct vcpu *vcpu, mfn_t m);

/* As root_set_kernel, for a frame number given by the guest. Returns 0 or a negated error number of
 * the ABI; -XEN_EAGAIN: interrupted, call it again. */
s64 root_set_kernel_number(struct vcpu *vcpu, u64 number);

#endif
