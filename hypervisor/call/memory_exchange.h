/* SPDX-License-Identifier: MIT */
/* XENMEM_exchange: frames given back in exchange for others, possibly in extents of another
 * size. */
#ifndef CALL_MEMORY_EXCHANGE_H
#define CALL_MEMORY_EXCHANGE_H

#include "lib/types.h"

struct vcpu;
struct call;

/* Serves the struct xen_memory_exchange at call->argument[1] (ABI: memory.h). A chunk is the larger
 * of an input and an output extent. Its frames are checked first: a refused chunk is not exchanged
 * at all. If the list of output extents then cannot be read or written, or another vCPU of the
 * guest uses the frames or changes the lists meanwhile, the result is an error although the chunk
 * is exchanged, perhaps in part. nr_exchanged counts the input extents that are done, so that an
 * interrupted hypercall resumes there. */
s64 memory_exchange(struct vcpu *vcpu, struct call *call);

#endif
