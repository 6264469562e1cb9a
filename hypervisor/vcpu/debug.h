/* SPDX-License-Identifier: MIT */
/* The debug registers of a vCPU. */
#ifndef VCPU_DEBUG_H
#define VCPU_DEBUG_H

#include "lib/types.h"

struct vcpu;

/* Sets debug register `reg` (0 to 7) of a vCPU, and, except for DR6, the processor's if the vCPU is
 * current. Returns 0 or a negated error number of the ABI: -XEN_ENODEV if the register does not
 * exist (4 and 5 are 6 and 7, unless CR4.DE is set); -XEN_EPERM or -XEN_EINVAL for a value that
 * could harm the hypervisor or does not exist. */
s64 debug_set(struct vcpu *vcpu, u32 reg, u64 value);

/* Debug register `reg` as the guest would read it; 0 if the register does not exist. */
u64 debug_get(const struct vcpu *vcpu, u32 reg);

/* True when debug register `reg` exists for the vCPU. */
bool debug_exists(const struct vcpu *vcpu, u32 reg);

/* Loads the current vCPU's breakpoints into the processor's debug registers, or disables them if
 * the vCPU has none. */
void debug_load(const struct vcpu *vcpu);

#endif
