/* SPDX-License-Identifier: MIT */
/* Delivery of traps and callbacks to the guest: a frame is written on the guest kernel's stack, and
 * the guest continues at its handler. All functions act on the current vCPU. If the frame cannot be
 * written, the domain crashes. */
#ifndef VCPU_DELIVER_H
#define VCPU_DELIVER_H

#include "lib/types.h"

struct vcpu;

/* Delivers trap `vector` (0 to 255) to the handler in the vCPU's trap table. `error_code` is pushed
 * if the vector has one. Crashes the domain if it has no handler. An NMI is dropped while NMIs are
 * masked. */
void deliver_trap(struct vcpu *vcpu, u32 vector, u32 error_code);

/* Delivers a page fault at `address`, which is written to vcpu_info.arch.cr2; otherwise as
 * deliver_trap. */
void deliver_page_fault(struct vcpu *vcpu, u64 address, u32 error_code);

/* Delivers pending events by the event callback, and masks upcalls. If no event callback is
 * registered, only masks upcalls. */
void deliver_event(struct vcpu *vcpu);

/* Delivers a system call instruction of guest user mode: `callback` is CALLBACK_SYSCALL,
 * CALLBACK_SYSCALL32 or CALLBACK_SYSENTER. False: that callback is not registered, and nothing was
 * changed. */
bool deliver_callback(struct vcpu *vcpu, u32 callback);

/* Delivers the failsafe callback: at the exit to the guest, one of its selectors or its iret frame
 * could not be loaded. Crashes the domain if no failsafe callback is registered. */
void deliver_failsafe(struct vcpu *vcpu);

#endif
