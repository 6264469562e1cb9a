/* SPDX-License-Identifier: MIT */
/* VCPUOP_initialise: the first state of a further vCPU. */
#ifndef CALL_VCPU_CONTEXT_H
#define CALL_VCPU_CONTEXT_H

#include "lib/types.h"

struct vcpu;
struct call;

/* Sets `target`, which is down and was never initialised, up from the struct vcpu_guest_context at
 * guest address `at` (arch-x86/xen.h). All of it is checked before any of it counts; a refused one
 * leaves the vCPU as it was. -EEXIST: initialised already. */
s64 vcpu_initialise(struct vcpu *target, struct call *call, u64 at);

#endif
