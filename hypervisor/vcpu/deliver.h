/* SPDX-License-Identifier: MIT */
/* Delivers traps and callbacks to the guest: its handler's frame is written on its kernel stack. */
#ifndef VCPU_DELIVER_H
#define VCPU_DELIVER_H

#include "lib/types.h"

struct vcpu;

/* Delivers exception `vector` (0..255) to the current vCPU's trap table, at its present registers.
 * `error_code` is pushed for the vectors that have one. A guest without a handler, or whose stack
 * can't take the frame, crashes. */
void deliver_trap(struct vcpu *vcpu, u32 vector, u32 error_code);

/* #PF: also sets vcpu_info.arch.cr2. */
void deliver_page_fault(struct vcpu *vcpu, u64 address, u32 error_code);

/* The event upcall. */
void deliver_event(struct vcpu *vcpu);

/* SYSCALL from guest user mode and the like: `callback` is an enum callback. False: not registered.
 */
bool deliver_callback(struct vcpu *vcpu, u32 callback);

/* The guest's segment or frame could not be loaded on the way out. */
void deliver_failsafe(struct vcpu *vcpu);

#endif
