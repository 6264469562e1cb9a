/* SPDX-License-Identifier: MIT */
/* XENMEM_exchange: frames given back in exchange for others, in extents of another size. */
#ifndef CALL_MEMORY_EXCHANGE_H
#define CALL_MEMORY_EXCHANGE_H

#include "lib/types.h"

struct vcpu;
struct call;

/* Serves the struct xen_memory_exchange at call->argument[1] (ABI: memory.h). A chunk is the larger
 * of an input and an output extent; it is exchanged completely or not at all. nr_exchanged counts
 * the input extents that are done, so that an interrupted hypercall resumes there. */
s64 memory_exchange(struct vcpu *vcpu, struct call *call);

#endif
