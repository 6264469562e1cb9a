/* SPDX-License-Identifier: MIT */
/* Requests to the hypervisor, on their way through this CPU's batch. The results are as in
 * guest/entry.h: of the request outside a batch, 0 in one. */
#ifndef GUEST_PV_REQUEST_H
#define GUEST_PV_REQUEST_H

#include "guest/pv/abi.h"
#include "lib/types.h"

/* A word of a table: its machine address with the command in the low bits, and what to put there.
 */
int request_update(u64 machine_address_and_command, u64 value);

/* A pin, a flush, a root. */
int request_extended(const struct mmuext_op *op);

/* A mapping of the space in use. */
int request_mapping(u64 va, u64 entry, u64 flags);

/* This CPU's batch holds updates of entries. */
bool requests_wait(void);

/* Sends the batch out if it may hold an update of that entry. */
void requests_before_reading(u64 machine_address);

#endif
