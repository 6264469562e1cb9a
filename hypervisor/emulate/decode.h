/* SPDX-License-Identifier: MIT */
/* Decodes the few instructions that we execute for a guest; every other one is "unknown".
 *
 * Pure: bytes in, description out. Sources: the opcode maps of the Intel and AMD manuals. */
#ifndef EMULATE_DECODE_H
#define EMULATE_DECODE_H

#include "lib/types.h"

#define INSTRUCTION_MAX 15u /* bytes */

enum operation {
    OPERATION_UNKNOWN,

    /* Privileged, or a guest's view of the machine. */
    OPERATION_IN,
    OPERATION_OUT,
    OPERATION_CLTS,
    OPERATION_WBINVD, /* and WBNOINVD */
    OPERATION_READ_CR,
    OPERATION_WRITE_CR,
    OPERATION_READ_DR,
    OPERATION_WRITE_DR,
    OPERATION_WRMSR,
    OPERATION_RDMSR,
    OPERATION_RDTSC,
    OPERATION_RDTSCP,
    OPERATION_CPUID,
    OPERATION_XSETBV,
    OPERATION_CLI,
    OPERATION_STI,
    OPERATION_HLT,
    OPERATION_INT, /* the two-byte form */
    OPERATION_INS, /* the string instructions: these and the next two */
    OPERATION_OUTS,

    /* Stores to memory. */
    OPERATION_STOS,
    OPERATION_MOVS,
    OPERATION_MOV, /* and MOVNTI */
    OPERATION_ADD,
    OPERATION_OR,
    OPERATION_ADC,
    OPERATION_SBB,
    OPERATION_AND,
    OPERATION_SUB,
    OPERATION_XOR,
    OPERATION_INC,
    OPERATION_DEC,
    OPERATION_NOT,
    OPERATION_NEG,
    OPERATION_BTS,
    OPERATION_BTR,
    OPERATION_BTC,
    OPERATION_XCHG,
    OPERATION_XADD,
    OPERATION_CMPXCHG,
    OPERATION_CMPXCHG8B,
    OPERATIONS
};
#define OPERATION_FIRST_STORE OPERATION_STOS

/* Register numbers are the encoding's: rax rcx rdx rbx rsp rbp rsi rdi r8..r15. */
enum {
    REGISTER_RAX,
    REGISTER_RCX,
    REGISTER_RDX,
    REGISTER_RBX,
    REGISTER_RSP,
    REGISTER_RBP,
    REGISTER_RSI,
    REGISTER_RDI,
    REGISTER_RIP = 16,
    REGISTER_NONE = 17,
};

/* Whose base an address has; the other segments count as flat. */
enum segment { SEGMENT_FLAT, SEGMENT_FS, SEGMENT_GS };

/* Where the operand that is not the destination comes from. */
enum source { SOURCE_NONE, SOURCE_REGISTER, SOURCE_IMMEDIATE, SOURCE_MEMORY };

struct instruction {
    u8 operation; /* enum operation */
    u8 length;
    u8 operand_size; /* bytes: 1, 2, 4, 8 */
    u8 address_size; /* bytes: 2 (never with a memory operand), 4, 8 */
    bool long_mode;
    bool lock;
    bool repeat;       /* REP or REPNE on a string instruction */
    u8 segment;        /* of the memory operand; of a string instruction's destination */
    u8 source_segment; /* of a string instruction's source */

    u8 source;      /* enum source */
    u8 reg;         /* register operand; or number of the control or debug register */
    bool high_byte; /* `reg` means bits 8 to 15 of register 0..3 */
    u8 general;     /* register of a move to or from a control or debug register */
    u64 immediate;  /* sign-extended; port, vector, bit: zero-extended */

    /* The memory operand that is written, of operation OPERATION_FIRST_STORE and up. */
    u8 base, index;   /* or REGISTER_NONE */
    u8 scale;         /* 1, 2, 4, 8 */
    u64 displacement; /* sign-extended */
};

/* Decodes the instruction that `size` bytes begin with, as 64-bit or as 32-bit code. False: not one
 * of the above, not a valid instruction, or more than `size` bytes long. */
bool instruction_decode(const u8 *bytes, u32 size, bool long_mode, struct instruction *in);

#endif
