/* SPDX-License-Identifier: MIT */
/* The registers that the hypervisor started the guest with, as start.S stores them. */
#ifndef GUESTS_INITIAL_REGISTERS_H
#define GUESTS_INITIAL_REGISTERS_H

/* Offsets in struct initial_registers, in bytes. */
#define INITIAL_RAX    0
#define INITIAL_RBX    8
#define INITIAL_RCX    16
#define INITIAL_RDX    24
#define INITIAL_RSI    32
#define INITIAL_RDI    40
#define INITIAL_RBP    48
#define INITIAL_RSP    56
#define INITIAL_CS     64
#define INITIAL_SS     72
#define INITIAL_DS     80
#define INITIAL_ES     88
#define INITIAL_FS     96
#define INITIAL_GS     104
#define INITIAL_RFLAGS 112
#define INITIAL_SIZE   120

#ifndef __ASSEMBLY__

#include "lib/types.h"

/* The selectors are zero-extended. */
struct initial_registers {
    u64 rax, rbx, rcx, rdx, rsi, rdi, rbp, rsp, cs, ss, ds, es, fs, gs, rflags;
};
extern struct initial_registers initial_registers;

#define INITIAL_ASSERT(member, offset)                                                             \
    _Static_assert(__builtin_offsetof(struct initial_registers, member) == (offset),               \
                   "as assembly has it")
INITIAL_ASSERT(rax, INITIAL_RAX);
INITIAL_ASSERT(rbx, INITIAL_RBX);
INITIAL_ASSERT(rcx, INITIAL_RCX);
INITIAL_ASSERT(rdx, INITIAL_RDX);
INITIAL_ASSERT(rsi, INITIAL_RSI);
INITIAL_ASSERT(rdi, INITIAL_RDI);
INITIAL_ASSERT(rbp, INITIAL_RBP);
INITIAL_ASSERT(rsp, INITIAL_RSP);
INITIAL_ASSERT(cs, INITIAL_CS);
INITIAL_ASSERT(ss, INITIAL_SS);
INITIAL_ASSERT(ds, INITIAL_DS);
INITIAL_ASSERT(es, INITIAL_ES);
INITIAL_ASSERT(fs, INITIAL_FS);
INITIAL_ASSERT(gs, INITIAL_GS);
INITIAL_ASSERT(rflags, INITIAL_RFLAGS);
#undef INITIAL_ASSERT
_Static_assert(sizeof(struct initial_registers) == INITIAL_SIZE, "as assembly has it");

#endif
#endif
