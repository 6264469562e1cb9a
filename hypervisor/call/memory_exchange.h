/* SPDX-License-Identifier: MIT */
/* XENMEM_exchange: frames given back for others, in extents of another size. */
#ifndef CALL_MEMORY_EXCHANGE_H
#define CALL_MEMORY_EXCHANGE_H

#include "lib/types.h"

struct vcpu;
struct call;

/* Serves the struct xen_memory_exchange at call->argument[1] (memory.h). Each chunk - the larger of
 * an extent in and an extent out - is exchanged as a whole or not at all; nr_exchanged counts input
 * extents that are done. */
s64 memory_exchange(struct vcpu *vcpu, struct call *call);

#endif
