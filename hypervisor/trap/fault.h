/* SPDX-License-Identifier: MIT */
/* Page faults of guests. */
#ifndef TRAP_FAULT_H
#define TRAP_FAULT_H

#include "lib/types.h"

struct vcpu;

/* Serves a page fault at `address` in the current vCPU's code: emulates a store to a live page
 * table, maps an LDT page that is not mapped yet, or delivers the fault to the guest. */
void fault_from_guest(struct vcpu *vcpu, u64 address, u32 error_code);

/* For a page fault of a guest copy at guest address `address`: true when the guest's tables allow
 * the access, so that only a stale translation was at fault. It has been flushed; retry. */
bool fault_was_stale(struct vcpu *vcpu, u64 address, u32 error_code);

/* For a faulting access to `address`: true when `address` lies in an LDT page of the current vCPU's
 * descriptor window, and that page is now mapped; retry. */
bool fault_in_window(struct vcpu *vcpu, u64 address);

#endif
