/* SPDX-License-Identifier: MIT */
/* Control registers as a guest kernel sees them. */
#ifndef VCPU_CONTROL_H
#define VCPU_CONTROL_H

#include "lib/types.h"

struct vcpu;

/* What a guest may have in its CR4: `wanted` without the bits that are not its own, with those that
 * are always set. 0 gives a fresh vCPU's. */
u64 control_guest_cr4(u64 wanted);

/* Brings the real CR4 into line with the current vCPU's: the bits that act on guest user mode. Also
 * at each switch. */
void control_load(const struct vcpu *vcpu);

/* CR0, 2, 3, 4 of the current vCPU. False: no such register, or #GP. */
bool control_read(const struct vcpu *vcpu, u32 number, u64 *value);

/* The same: 0, or -XEN_EAGAIN when it was interrupted and has to be done again, or another error.
 */
s64 control_write(struct vcpu *vcpu, u32 number, u64 value);

/* XSETBV by the current vCPU. False: #GP. */
bool control_set_xcr(struct vcpu *vcpu, u32 index, u64 value);

/* True when a guest may have `xcr0`: also for a state that is given to a vCPU that does not run. */
bool control_xcr0_ok(u64 xcr0);

#endif
