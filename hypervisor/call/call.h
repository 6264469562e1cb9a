/* SPDX-License-Identifier: MIT */
/* A hypercall being served. */
#ifndef CALL_CALL_H
#define CALL_CALL_H

#include "hypervisor/xen.h"
#include "lib/types.h"

struct vcpu;

/* The arguments may be rewritten by a handler that stops half-way, so that the same call with them
 * goes on from there. */
struct call {
    u64 argument[6];
    bool again; /* stopped: restart with the arguments as they are now */
    bool left;  /* the vCPU's registers were replaced (iret) or it no longer runs: no result is
                   stored, a multicall ends */
};

/* Every handler: serves `call` of the current vCPU and returns the ABI's result (negative: -errno).
 * Not inlined: all of them at once would save every register for the sake of the largest. */
#define CALL(number, name, arguments)                                                              \
    __attribute__((noinline)) s64 call_##name(struct vcpu *vcpu, struct call *call);
#include "hypervisor/call/calls.def"
#undef CALL

/* Serves hypercall `number`; unknown: -ENOSYS, counted. */
s64 call_dispatch(struct vcpu *vcpu, u64 number, struct call *call);

/* The entry from trap/: takes number and arguments from the vCPU's registers, and leaves the result
 * there. Returns the vCPU if it is to be entered at once, with nothing but that changed; NULL: by
 * run(). */
struct vcpu *call_from_guest(struct vcpu *vcpu);

#endif
