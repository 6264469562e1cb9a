/* SPDX-License-Identifier: MIT */
/* The registers that a trap interrupted, in the order in which the entry code saves them. */
#ifndef GUEST_TRAP_FRAME_H
#define GUEST_TRAP_FRAME_H

#include "guest/vectors.h"
#include "lib/types.h"
#include "lib/x86/page_fault.h"
#include "lib/x86/rflags.h"

struct trap_frame {
    u64 r15, r14, r13, r12, r11, r10, r9, r8, rbp, rdi, rsi, rdx, rcx, rbx, rax;
    u64 vector;
    u64 error;
    u64 rip, cs, rflags, rsp, ss;
};

#endif
