/* SPDX-License-Identifier: MIT */
/* VCPUOP_initialise: the first state of a further vCPU. */
#ifndef CALL_VCPU_CONTEXT_H
#define CALL_VCPU_CONTEXT_H

#include "lib/types.h"

struct vcpu;
struct call;

/* Initialises `target`, which is down, from the struct vcpu_guest_context at guest address `at`
 * (ABI: arch-x86/xen.h). A refused context leaves the vCPU as it was, except that its debug
 * registers may be changed already. May be interrupted (call->again). -EEXIST: it is initialised
 * already. */
s64 vcpu_initialise(struct vcpu *target, struct call *call, u64 at);

#endif
