/* SPDX-License-Identifier: MIT */
/* The flags register (AMD64 manual, volume 2, 3.1.6). */
#ifndef X86_RFLAGS_H
#define X86_RFLAGS_H

#include "lib/x86/constant.h"

#define RFLAGS_CF    BIT_U64(0)
#define RFLAGS_FIXED BIT_U64(1) /* always set */
#define RFLAGS_PF    BIT_U64(2)
#define RFLAGS_AF    BIT_U64(4)
#define RFLAGS_ZF    BIT_U64(6)
#define RFLAGS_SF    BIT_U64(7)
#define RFLAGS_TF    BIT_U64(8)
#define RFLAGS_IF    BIT_U64(9)
#define RFLAGS_DF    BIT_U64(10)
#define RFLAGS_OF    BIT_U64(11)
#define RFLAGS_IOPL  (CONSTANT_U64(3) << 12)
#define RFLAGS_NT    BIT_U64(14)
#define RFLAGS_RF    BIT_U64(16)
#define RFLAGS_VM    BIT_U64(17) /* virtual-8086 mode */
#define RFLAGS_AC    BIT_U64(18)
#define RFLAGS_VIF   BIT_U64(19)
#define RFLAGS_VIP   BIT_U64(20)
#define RFLAGS_ID    BIT_U64(21)

#define RFLAGS_IOPL_SHIFT 12

#define RFLAGS_ARITHMETIC (RFLAGS_CF | RFLAGS_PF | RFLAGS_AF | RFLAGS_ZF | RFLAGS_SF | RFLAGS_OF)

#endif
