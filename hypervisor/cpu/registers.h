/* SPDX-License-Identifier: MIT */
/* A guest's registers as entry.S saves them, low address to high. */
#ifndef CPU_REGISTERS_H
#define CPU_REGISTERS_H

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

#define VECTOR_DE  0
#define VECTOR_DB  1
#define VECTOR_NMI 2
#define VECTOR_BP  3
#define VECTOR_OF  4
#define VECTOR_BR  5
#define VECTOR_UD  6
#define VECTOR_NM  7
#define VECTOR_DF  8
#define VECTOR_TS  10
#define VECTOR_NP  11
#define VECTOR_SS  12
#define VECTOR_GP  13
#define VECTOR_PF  14
#define VECTOR_MF  16
#define VECTOR_AC  17
#define VECTOR_MC  18
#define VECTOR_XM  19

#define PF_PRESENT  1
#define PF_WRITE    2
#define PF_USER     4
#define PF_RESERVED 8
#define PF_FETCH    16

#define RFLAGS_CF    (1ull << 0)
#define RFLAGS_FIXED (1ull << 1)
#define RFLAGS_ZF    (1ull << 6)
#define RFLAGS_TF    (1ull << 8)
#define RFLAGS_IF    (1ull << 9)
#define RFLAGS_DF    (1ull << 10)
#define RFLAGS_IOPL  (3ull << 12)
#define RFLAGS_NT    (1ull << 14)
#define RFLAGS_RF    (1ull << 16)
#define RFLAGS_VM    (1ull << 17)
#define RFLAGS_AC    (1ull << 18)
#define RFLAGS_VIF   (1ull << 19)
#define RFLAGS_VIP   (1ull << 20)
#define RFLAGS_ID    (1ull << 21)

#endif
