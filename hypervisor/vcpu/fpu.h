/* SPDX-License-Identifier: MIT */
/* Floating-point and vector state of vCPUs: saved and loaded whole at each switch. */
#ifndef VCPU_FPU_H
#define VCPU_FPU_H

#include "lib/types.h"

struct vcpu;

/* A fresh vCPU's state; false: no memory. */
bool fpu_create(struct vcpu *vcpu);
void fpu_destroy(struct vcpu *vcpu);

void fpu_save(struct vcpu *vcpu);
void fpu_load(struct vcpu *vcpu);

/* The current vCPU's virtual CR0.TS, and the real one with it. */
void fpu_set_task_switched(struct vcpu *vcpu, bool on);

/* Loads the current vCPU's xcr0. */
void fpu_load_xcr0(struct vcpu *vcpu);

#endif
