/* SPDX-License-Identifier: MIT */
/* Entries from guests as the timeline has them (trace/trace.h). Called only while it is on. */
#ifndef TRAP_TRACED_H
#define TRAP_TRACED_H

#include "lib/types.h"

struct vcpu;

/* Serves a page fault as fault_from_guest does, and records it. */
void traced_fault(struct vcpu *vcpu, u64 address, u32 error_code) __attribute__((cold, noinline));

/* Records the end of an exception or interrupt (trace_trap_begins), and at each tick of the
 * timer the domain's counters. */
void traced_trap(struct vcpu *vcpu, u64 vector, u32 error_code) __attribute__((cold, noinline));

/* Records that the vCPU now gets an upcall. */
void traced_upcall(struct vcpu *vcpu) __attribute__((cold, noinline));

#endif
