/* SPDX-License-Identifier: MIT */
/* Floating-point and vector registers of vCPUs, which are saved and loaded as a whole at each
 * switch. */
#ifndef VCPU_FPU_H
#define VCPU_FPU_H

#include "lib/types.h"

struct vcpu;

/* fpu_create gives a new vCPU a save area, in its initial state: the cleared `room` bytes behind
 * the struct, if they suffice, otherwise a page. False: no memory. fpu_destroy frees the page, if
 * there is one. */
bool fpu_create(struct vcpu *vcpu, u64 room);
void fpu_destroy(struct vcpu *vcpu);

/* fpu_save saves the processor's registers in the vCPU's area; fpu_load loads them from there, and
 * sets XCR0 and CR0.TS as the vCPU has them. */
void fpu_save(struct vcpu *vcpu);
void fpu_load(struct vcpu *vcpu);

/* Sets the current vCPU's virtual CR0.TS, and with it the processor's. */
void fpu_set_task_switched(struct vcpu *vcpu, bool on);

/* Loads XCR0 with the value that the current vCPU has set, if the CPUs have XSAVE. */
void fpu_load_xcr0(struct vcpu *vcpu);

/* The bits of MXCSR that this processor knows: to load another one would fault. */
u32 fpu_mxcsr_mask(void);

#endif
