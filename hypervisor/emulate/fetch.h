/* SPDX-License-Identifier: MIT */
/* Fetching the instruction at a guest's RIP, and completing one that was executed for the guest. */
#ifndef EMULATE_FETCH_H
#define EMULATE_FETCH_H

#include "hypervisor/emulate/decode.h"

struct vcpu;

union fetched_bytes {
    u8 byte[16];
    u64 word[2];
};

/* What emulate_quick does with a word of memory. */
enum quick_kind {
    QUICK_STORE,    /* store 8 bytes from a register or an immediate */
    QUICK_EXCHANGE, /* exchange 8 bytes with a register */
    QUICK_BITS,     /* AND or OR with an immediate, of any size */
};

/* An instruction that was decoded. What bytes mean does not depend on anything else, so that it is
 * never out of date: it is used again if the bytes at RIP are the same. */
struct fetched_instruction {
    bool known;
    union fetched_bytes bytes;
    struct instruction instruction;
};

/* The same for emulate_quick: the last instruction of a form that it knows, whose memory operand is
 * at a general register plus a displacement. */
struct fetched_quick {
    union fetched_bytes bytes;
    u64 displacement;
    u64 immediate;
    u64 clear, set;   /* QUICK_BITS: the bits of the operand that change to 0; then, to 1 */
    u16 base, source; /* offsets in struct vcpu: of the address's register; of the register whose
                         value is stored, or of `immediate` */
    u8 kind;          /* enum quick_kind */
    u8 size;          /* of the operand, in bytes */
    u8 length;
};

/* Instructions that were decoded last, by a part of their addresses: a kernel has few places that
 * store to page tables or use ports, and executes them thousands of times. */
#define FETCHED_KEPT 8u

struct fetched {
    struct fetched_instruction kept[FETCHED_KEPT];
    struct fetched_quick quick;
};

/* Prepares the `fetched` of a new vCPU. */
void fetched_start(struct vcpu *vcpu);

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
