/* SPDX-License-Identifier: MIT */
/* The model-specific registers that a guest kernel sees. */
#ifndef VCPU_MSR_H
#define VCPU_MSR_H

#include "lib/types.h"

struct vcpu;

/* RDMSR and WRMSR of the current vCPU, in guest kernel mode. False: #GP. No access reaches a real
 * register that might fault. */
bool guest_read_msr(const struct vcpu *vcpu, u32 index, u64 *value);
bool guest_write_msr(const struct vcpu *vcpu, u32 index, u64 value);

#endif
