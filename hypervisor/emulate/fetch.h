/* SPDX-License-Identifier: MIT */
/* Fetches the instruction at a guest's RIP, and ends one that was executed for it. */
#ifndef EMULATE_FETCH_H
#define EMULATE_FETCH_H

#include "hypervisor/emulate/decode.h"

struct vcpu;

/* The last instruction decoded: a kernel's few stores to page tables come by the thousand. Good for
 * nothing but the very same bytes. */
union fetched_bytes {
    u8 byte[16];
    u64 word[2];
};

struct fetched {
    bool known;
    union fetched_bytes bytes;
    struct instruction instruction;
};

/* Decodes what stands in memory at the current vCPU's RIP, which need not be what faulted. NULL:
 * not readable, not one of our instructions, or code with a base or of 16 bits. Good until the
 * vCPU's next. */
const struct instruction *instruction_fetch(struct vcpu *vcpu);

/* Moves on behind an executed instruction; under TF a #DB follows it. */
void instruction_finish(struct vcpu *vcpu, const struct instruction *in);

#endif
