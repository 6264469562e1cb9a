/* SPDX-License-Identifier: MIT */
/* A guest's registers as entry.S saves them, low address to high. */
#ifndef CPU_REGISTERS_H
#define CPU_REGISTERS_H

#include "lib/x86/page_fault.h"
#include "lib/x86/rflags.h"
#include "lib/x86/vector.h"

#define REGISTERS_SIZE 176

#ifdef __ASSEMBLY__
#define REGISTERS_R11        48
#define REGISTERS_R10        56
#define REGISTERS_R9         64
#define REGISTERS_R8         72
#define REGISTERS_RAX        80
#define REGISTERS_RCX        88
#define REGISTERS_RDX        96
#define REGISTERS_RSI        104
#define REGISTERS_RDI        112
#define REGISTERS_VECTOR     120
#define REGISTERS_ERROR_CODE 128
#define REGISTERS_RIP        136
#define REGISTERS_CS         144
#define REGISTERS_RFLAGS     152
#define REGISTERS_RSP        160
#define REGISTERS_SS         168
#else

#include "lib/types.h"

struct registers {
    u64 r15, r14, r13, r12, rbp, rbx, r11, r10, r9, r8;
    u64 rax, rcx, rdx, rsi, rdi;
    u64 vector; /* 0..255, or one of the ENTRY_ numbers below */
    u64 error_code;
    u64 rip, cs, rflags, rsp, ss;
};

#endif

/* Entries that are not interrupt vectors. */
#define ENTRY_SYSCALL   256 /* from 64-bit code */
#define ENTRY_SYSCALL32 257 /* from 32-bit code */
#define ENTRY_SYSENTER  258

#endif
