/* SPDX-License-Identifier: MIT */
/* The model-specific registers that a guest kernel sees. */
#ifndef VCPU_MSR_H
#define VCPU_MSR_H

#include "lib/types.h"

struct vcpu;

/* Execute RDMSR or WRMSR for the current vCPU, in guest kernel mode. False: the guest gets #GP.
 * Only registers that the processor has are accessed, with values that it accepts. */
bool guest_read_msr(const struct vcpu *vcpu, u32 index, u64 *value);
bool guest_write_msr(const struct vcpu *vcpu, u32 index, u64 value);

#endif
