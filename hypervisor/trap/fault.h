/* SPDX-License-Identifier: MIT */
/* Page faults of guests. */
#ifndef TRAP_FAULT_H
#define TRAP_FAULT_H

#include "lib/types.h"

struct vcpu;

/* A fault at `address` in the current vCPU's code: served here (a store to a live page table, a
 * descriptor page that is not there yet) or delivered to the guest. */
void fault_from_guest(struct vcpu *vcpu, u64 address, u32 error_code);

/* A fault of the hypervisor's own copy at a guest address: true when the tables allow the access
 * now, so that a stale translation was all there was. */
bool fault_was_stale(struct vcpu *vcpu, u64 address, u32 error_code);

/* A descriptor of the current vCPU's window was touched: true when it is there now. */
bool fault_in_window(struct vcpu *vcpu, u64 address);

#endif
