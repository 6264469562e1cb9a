/* SPDX-License-Identifier: MIT */
/* Control registers as a guest kernel sees them. */
#ifndef VCPU_CONTROL_H
#define VCPU_CONTROL_H

#include "lib/types.h"

struct vcpu;

/* The CR4 that a guest gets when it writes `wanted`: without the bits that it may not set, and with
 * those that are always set. control_guest_cr4(0) is the CR4 of a new vCPU. */
u64 control_guest_cr4(u64 wanted);

/* The CR0 that the vCPU is shown. */
u64 control_guest_cr0(const struct vcpu *vcpu);

/* Sets TSD in this CPU's CR4 as in the current vCPU's CR4, the only bit of it that is loaded. TSD
 * applies to guest kernel mode too, where RDTSC is then emulated. Call it after a change of the
 * vCPU's CR4, and at each switch of vCPUs. */
void control_load(const struct vcpu *vcpu);

/* Reads the CR`number` that the current vCPU is shown; 0, 2, 3 and 4 exist. False: there is no such
 * register, and the guest gets #GP. */
bool control_read(const struct vcpu *vcpu, u32 number, u64 *value);

/* Writes the CR`number` that the current vCPU is shown. Returns 0, or a negated error number of the
 * ABI: -XEN_EAGAIN if the work was interrupted, and the same call must be repeated; -XEN_EINVAL if
 * there is no such register, or a bit of CR0 other than TS would change; for CR3 also the engine's
 * refusals. Bits of CR4 that a guest may not change keep their value. */
s64 control_write(struct vcpu *vcpu, u32 number, u64 value);

/* Executes XSETBV for the current vCPU: sets extended control register `index` to `value`. False:
 * refused, and the guest gets #GP. */
bool control_set_xcr(struct vcpu *vcpu, u32 index, u64 value);

/* True when a guest may set XCR0 to `xcr0`. Also used to check the state that is given to a vCPU
 * before it runs. */
bool control_xcr0_ok(u64 xcr0);

#endif
