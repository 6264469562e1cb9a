/* SPDX-License-Identifier: MIT */
/* Vectors of exceptions (AMD64 manual, volume 2, 8.2). */
#ifndef X86_VECTOR_H
#define X86_VECTOR_H

#include "lib/x86/constant.h"

#define VECTOR_DE  0  /* divide error */
#define VECTOR_DB  1  /* debug */
#define VECTOR_NMI 2  /* non-maskable interrupt */
#define VECTOR_BP  3  /* breakpoint (INT3) */
#define VECTOR_OF  4  /* overflow (INTO) */
#define VECTOR_BR  5  /* bound range */
#define VECTOR_UD  6  /* invalid opcode */
#define VECTOR_NM  7  /* device not available: CR0.TS */
#define VECTOR_DF  8  /* double fault */
#define VECTOR_TS  10 /* invalid TSS */
#define VECTOR_NP  11 /* segment not present */
#define VECTOR_SS  12 /* stack segment */
#define VECTOR_GP  13 /* general protection */
#define VECTOR_PF  14 /* page fault */
#define VECTOR_MF  16 /* x87 floating point */
#define VECTOR_AC  17 /* alignment check */
#define VECTOR_MC  18 /* machine check */
#define VECTOR_XM  19 /* SIMD floating point */
#define VECTOR_CP  21 /* control protection */
#define VECTOR_VC  29 /* VMM communication */
#define VECTOR_SX  30 /* security */

/* Vectors below are the processor's, all others free for interrupts. */
#define VECTOR_FIRST_INTERRUPT 32

/* By convention, not the processor's: system calls of 32-bit programs (INT 0x80). */
#define VECTOR_INT80 0x80

/* Bit n is set: exception n pushes an error code. */
#define VECTORS_WITH_ERROR_CODE                                                                    \
    (BIT_U32(VECTOR_DF) | BIT_U32(VECTOR_TS) | BIT_U32(VECTOR_NP) | BIT_U32(VECTOR_SS) |           \
     BIT_U32(VECTOR_GP) | BIT_U32(VECTOR_PF) | BIT_U32(VECTOR_AC) | BIT_U32(VECTOR_CP) |           \
     BIT_U32(VECTOR_VC) | BIT_U32(VECTOR_SX))

#endif
