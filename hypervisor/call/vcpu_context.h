/* SPDX-License-Identifier: MIT */
/* VCPUOP_initialise and setvcpucontext: the state of a vCPU. */
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

/* As vcpu_initialise, for a toolstack and a vCPU of another domain; with VGCF_online in its flags
 * the vCPU is up afterwards, else down. A vCPU that is initialised already gets new registers,
 * handlers and bases, and keeps its page-table roots and descriptor tables, which the context must
 * name. -XEN_EBUSY: that vCPU may run, since its domain is neither paused nor shut down, or still
 * runs. -XEN_EOPNOTSUPP: the context names other tables. Xen ABI: XEN_DOMCTL_setvcpucontext. */
s64 vcpu_set_context(struct vcpu *target, struct call *call, u64 at);

#endif
