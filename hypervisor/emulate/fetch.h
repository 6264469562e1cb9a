/* SPDX-License-Identifier: MIT */
/* Fetching the instruction at a guest's RIP, and completing one that was executed for the guest. */
#ifndef EMULATE_FETCH_H
#define EMULATE_FETCH_H

#include "hypervisor/emulate/decode.h"

struct vcpu;

/* The instruction that was decoded last, kept because a kernel has few places that store to page
 * tables and executes them thousands of times. Used again only if the bytes at RIP are the same. */
union fetched_bytes {
    u8 byte[16];
    u64 word[2];
};

struct fetched {
    bool known;
    union fetched_bytes bytes;
    struct instruction instruction;
};

/* Decodes the instruction in memory at the current vCPU's RIP; another CPU may have changed it
 * since the fault. NULL: memory cannot be read, the instruction is not one that is emulated, or the
 * code segment is a 16-bit one or has a base (one in the LDT is taken for a 32-bit one with base
 * 0). The result is valid until the next call for the same vCPU. */
const struct instruction *instruction_fetch(struct vcpu *vcpu);

/* Completes an executed instruction, or one element of a string instruction (instruction_advance).
 * If the guest single-steps (TF), delivers the #DB that follows it. */
void instruction_finish(struct vcpu *vcpu, const struct instruction *in);

/* The base of `segment` (enum segment) in the current vCPU's present mode. */
u64 segment_base(u8 segment);

#endif
