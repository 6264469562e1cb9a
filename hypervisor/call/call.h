/* SPDX-License-Identifier: MIT */
/* A hypercall that is being served, its handler, and the dispatch. */
#ifndef CALL_CALL_H
#define CALL_CALL_H

#include "hypervisor/xen.h"
#include "lib/types.h"

struct vcpu;

/* A handler that gives way to other work (`again`) may rewrite the arguments, so that the same
 * hypercall, repeated with them, resumes the work. */
struct call {
    u64 argument[6];
    /* interrupted: the guest repeats the hypercall with the arguments as they are now */
    bool again;
    bool left; /* the vCPU's registers were replaced (iret), or it no longer runs: store no result,
                  end a multicall */
};

/* The handlers: each serves `call` of the current vCPU and returns the ABI's result, negative for
 * an error (-errno); with `again` or `left` set the result counts for nothing. They are not
 * inlined: the dispatcher would otherwise save all registers that the largest of them needs. */
#define CALL(number, name)                                                                         \
    __attribute__((noinline)) s64 call_##name(struct vcpu *vcpu, struct call *call);
#include "hypervisor/call/calls.def"
#undef CALL

/* Serves hypercall `number`. An unknown one returns -ENOSYS and is counted in the domain. */
s64 call_dispatch(struct vcpu *vcpu, u64 number, struct call *call);

/* Serves the hypercall that the current vCPU has made: number and arguments are in its registers,
 * and the result is stored there. Returns the vCPU if it can be entered again as soon as no other
 * work waits, with nothing changed but these registers; NULL: continue by run(). */
struct vcpu *call_from_guest(struct vcpu *vcpu);

/* The quick form of call_from_guest, for the most frequent hypercalls in their most frequent forms.
 * True: the call is done, and its result is 0, which the caller stores; nothing else has changed
 * that call_from_guest would not change. False: call_from_guest follows; nothing has happened, or
 * the registers describe what is left. Only those registers of the guest are in the vCPU's block
 * that C does not preserve. */
bool call_quick(struct vcpu *vcpu);

/* Does the entry of a multicall at guest address `at`, but does not store its result, if it is an
 * update_va_mapping without a flush in its most frequent form; the result is 0 then. False: nothing
 * has happened. */
bool call_multicall_quick(struct vcpu *vcpu, u64 at);

#endif
