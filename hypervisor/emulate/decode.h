/* SPDX-License-Identifier: MIT */
/* Decodes the few instructions that the hypervisor executes for a guest. Every other instruction is
 * refused.
 *
 * The decoder has no state and touches no memory but its arguments: bytes in, description out.
 * Source: the opcode maps in the Intel and AMD manuals. */
#ifndef EMULATE_DECODE_H
#define EMULATE_DECODE_H

#include "lib/types.h"

#define INSTRUCTION_MAX 15u /* bytes: the longest instruction that a processor accepts */

enum operation {
    OPERATION_UNKNOWN,

    /* For emulate_privileged: privileged instructions, those by which a guest reads the machine's
     * state, and INT. */
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
    OPERATION_INT, /* INT with a vector as operand */
    OPERATION_INS, /* the string instructions are INS, OUTS and the next two */
    OPERATION_OUTS,

    /* Instructions that store to memory. */
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

/* Numbers of general registers, as the processor encodes them: rax rcx rdx rbx rsp rbp rsi rdi r8
 * to r15. RIP and NONE are numbers of our own. */
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

/* The segment whose base is added to an address. FLAT: any other segment; its base counts as 0. */
enum segment { SEGMENT_FLAT, SEGMENT_FS, SEGMENT_GS };

/* Where the source operand comes from. */
enum source { SOURCE_NONE, SOURCE_REGISTER, SOURCE_IMMEDIATE, SOURCE_MEMORY };

struct instruction {
    u8 operation; /* enum operation */
    u8 length;
    u8 operand_size; /* bytes: 1, 2, 4, 8 */
    u8 address_size; /* bytes: 2 (with a memory operand only INS and OUTS), 4 or 8 */
    bool long_mode;
    bool lock;
    bool repeat; /* REP or REPNE on a string instruction */
    u8 segment;  /* enum segment of the memory operand; for a string instruction, of its destination
                  */
    u8 source_segment; /* enum segment of a string instruction's source */

    u8 source;      /* enum source */
    u8 reg;         /* number of the register operand, or of the control or debug register */
    bool high_byte; /* `reg` 0 to 3 means AH, CH, DH, BH: bits 8 to 15 of that register */
    u8 general;     /* the general register of a move to or from a control or debug register */
    u64 immediate;  /* sign-extended; a port, vector or bit number is zero-extended */

    /* The memory operand that is written; for operations from OPERATION_FIRST_STORE on. */
    u8 base, index;   /* register numbers, or REGISTER_NONE; `base` may be REGISTER_RIP */
    u8 scale;         /* 1, 2, 4, 8 */
    u64 displacement; /* sign-extended */
};

/* Decodes the first instruction in `bytes`, of which there are `size`, as 64-bit code or
 * (`long_mode` false) 32-bit code. False, and *in is of no use: not one of the operations above,
 * not a valid instruction, a memory operand with a 16-bit address (but for INS and OUTS), or longer
 * than `size` bytes. */
bool instruction_decode(const u8 *bytes, u32 size, bool long_mode, struct instruction *in);

#endif
