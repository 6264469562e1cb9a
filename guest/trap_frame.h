/* SPDX-License-Identifier: MIT */
/* The registers that a trap interrupted, in the order in which the entry code saves them. */
#ifndef GUEST_TRAP_FRAME_H
#define GUEST_TRAP_FRAME_H

#include "guest/vectors.h"
#include "lib/x86/page_fault.h"
#include "lib/x86/rflags.h"

/* Offsets in struct trap_frame, in bytes, for the entry code. */
#define TRAP_FRAME_RAX    112
#define TRAP_FRAME_VECTOR 120
#define TRAP_FRAME_ERROR  128
#define TRAP_FRAME_RIP    136
#define TRAP_FRAME_CS     144
#define TRAP_FRAME_RFLAGS 152
#define TRAP_FRAME_RSP    160
#define TRAP_FRAME_SIZE   176

#ifndef __ASSEMBLY__

#include "lib/types.h"

struct trap_frame {
    u64 r15, r14, r13, r12, r11, r10, r9, r8, rbp, rdi, rsi, rdx, rcx, rbx, rax;
    u64 vector;
    u64 error;
    u64 rip, cs, rflags, rsp, ss;
};

#define TRAP_FRAME_ASSERT(member, offset)                                                          \
    _Static_assert(__builtin_offsetof(struct trap_frame, member) == (offset), "as assembly has "   \
                                                                              "it")
TRAP_FRAME_ASSERT(rax, TRAP_FRAME_RAX);
TRAP_FRAME_ASSERT(vector, TRAP_FRAME_VECTOR);
TRAP_FRAME_ASSERT(error, TRAP_FRAME_ERROR);
TRAP_FRAME_ASSERT(rip, TRAP_FRAME_RIP);
TRAP_FRAME_ASSERT(cs, TRAP_FRAME_CS);
TRAP_FRAME_ASSERT(rflags, TRAP_FRAME_RFLAGS);
TRAP_FRAME_ASSERT(rsp, TRAP_FRAME_RSP);
#undef TRAP_FRAME_ASSERT
_Static_assert(sizeof(struct trap_frame) == TRAP_FRAME_SIZE, "as assembly has it");

#endif
#endif
