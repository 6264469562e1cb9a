/* SPDX-License-Identifier: MIT */
/* Requests to the hypervisor, which go through this CPU's batch. Each function returns the result
 * of its request; in an open batch it returns 0, and the batch reports a refusal. */
#ifndef GUEST_PV_REQUEST_H
#define GUEST_PV_REQUEST_H

#include "guest/pv/abi.h"
#include "lib/types.h"

/* Requests an mmu_update: an entry of a live page table gets the value `value`.
 * machine_address_and_command: the machine address of the entry, with MMU_... in its low bits. */
int request_update(u64 machine_address_and_command, u64 value);

/* Requests an mmuext_op: a pin, a flush, or a new root. */
int request_extended(const struct mmuext_op *op);

/* Requests an update_va_mapping: the level 1 entry for `va` in the active space gets the value
 * `entry`. flags: UVMF_..., what to flush. */
int request_mapping(u64 va, u64 entry, u64 flags);

/* Says whether this CPU's batch holds requests. */
bool requests_wait(void);

/* Sends this CPU's batch if it may hold an update of the entry at a machine address. To be called
 * before the entry is read. */
void requests_before_reading(u64 machine_address);

#endif
