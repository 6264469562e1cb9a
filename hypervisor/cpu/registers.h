/* SPDX-License-Identifier: MIT */
/* The register block: the registers of interrupted code, a guest's or the hypervisor's, in the
 * order in which entry.S saves them, from the lowest address up. */
#ifndef CPU_REGISTERS_H
#define CPU_REGISTERS_H

#include "lib/x86/page_fault.h"
#include "lib/x86/rflags.h"
#include "lib/x86/vector.h"

/* Offsets in struct registers, in bytes, for assembly. */
#define REGISTERS_R15        0
#define REGISTERS_R14        8
#define REGISTERS_R13        16
#define REGISTERS_R12        24
#define REGISTERS_RBP        32
#define REGISTERS_RBX        40
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
#define REGISTERS_SIZE       176

#ifndef __ASSEMBLY__

#include "lib/types.h"

struct registers {
    u64 r15, r14, r13, r12, rbp, rbx, r11, r10, r9, r8;
    u64 rax, rcx, rdx, rsi, rdi;
    u64 vector; /* 0 to 255: an interrupt vector; ENTRY_*: a system call */
    u64 error_code;
    u64 rip, cs, rflags, rsp, ss;
};

#define REGISTERS_ASSERT(name, offset)                                                             \
    _Static_assert(__builtin_offsetof(struct registers, name) == (offset), "as assembly has it")
REGISTERS_ASSERT(r15, REGISTERS_R15);
REGISTERS_ASSERT(r14, REGISTERS_R14);
REGISTERS_ASSERT(r13, REGISTERS_R13);
REGISTERS_ASSERT(r12, REGISTERS_R12);
REGISTERS_ASSERT(rbp, REGISTERS_RBP);
REGISTERS_ASSERT(rbx, REGISTERS_RBX);
REGISTERS_ASSERT(r11, REGISTERS_R11);
REGISTERS_ASSERT(r10, REGISTERS_R10);
REGISTERS_ASSERT(r9, REGISTERS_R9);
REGISTERS_ASSERT(r8, REGISTERS_R8);
REGISTERS_ASSERT(rax, REGISTERS_RAX);
REGISTERS_ASSERT(rcx, REGISTERS_RCX);
REGISTERS_ASSERT(rdx, REGISTERS_RDX);
REGISTERS_ASSERT(rsi, REGISTERS_RSI);
REGISTERS_ASSERT(rdi, REGISTERS_RDI);
REGISTERS_ASSERT(vector, REGISTERS_VECTOR);
REGISTERS_ASSERT(error_code, REGISTERS_ERROR_CODE);
REGISTERS_ASSERT(rip, REGISTERS_RIP);
REGISTERS_ASSERT(cs, REGISTERS_CS);
REGISTERS_ASSERT(rflags, REGISTERS_RFLAGS);
REGISTERS_ASSERT(rsp, REGISTERS_RSP);
REGISTERS_ASSERT(ss, REGISTERS_SS);
#undef REGISTERS_ASSERT
_Static_assert(sizeof(struct registers) == REGISTERS_SIZE, "as assembly has it");
_Static_assert(REGISTERS_SIZE % 16 == 0, "the CPU aligns the stack of an interrupt to 16 bytes");

#endif

/* Values of `vector` for entries by a system call instruction. */
#define ENTRY_SYSCALL   256 /* SYSCALL from 64-bit code */
#define ENTRY_SYSCALL32 257 /* SYSCALL from 32-bit code */
#define ENTRY_SYSENTER  258

#endif
