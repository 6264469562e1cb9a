/* SPDX-License-Identifier: MIT */
/* A vCPU's debug registers. */
#ifndef VCPU_DEBUG_H
#define VCPU_DEBUG_H

#include "lib/types.h"

struct vcpu;

/* Sets debug register `reg` of a vCPU, and the real one when it is current. Everything that could
 * be harmful in the real one is refused here: -ENODEV for a register that is not there (4 and 5 are
 * 6 and 7, unless CR4.DE is set), -EPERM or -EINVAL for a value. */
s64 debug_set(struct vcpu *vcpu, u32 reg, u64 value);

/* As the guest would read it; 0 for a register that is not there. */
u64 debug_get(const struct vcpu *vcpu, u32 reg);

/* True when `reg` is there. */
bool debug_exists(const struct vcpu *vcpu, u32 reg);

/* Puts the current vCPU's breakpoints into the real registers, or clears them. */
void debug_load(const struct vcpu *vcpu);

#endif
