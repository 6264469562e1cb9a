/* SPDX-License-Identifier: MIT */
/* Debug registers: DR6 and DR7 (AMD64 manual, volume 2, 13.1.1.3 and 13.1.1.4). */
#ifndef X86_DEBUG_REGISTER_H
#define X86_DEBUG_REGISTER_H

#include "lib/x86/constant.h"

#define DR_BREAKPOINTS 4u

#define DR6_HITS  CONSTANT_U64(0xf)        /* one bit a breakpoint */
#define DR6_BD    BIT_U64(13)              /* an access to a debug register while DR7.GD was set */
#define DR6_BS    BIT_U64(14)              /* single step */
#define DR6_BT    BIT_U64(15)              /* task switch */
#define DR6_FIXED CONSTANT_U64(0xffff0ff0) /* always set */

#define DR7_ENABLE CONSTANT_U64(0xff)  /* two bits a breakpoint: local, global */
#define DR7_FIXED  CONSTANT_U64(0x400) /* always set */
#define DR7_GD     BIT_U64(13)         /* an access to a debug register is a #DB */

/* Of breakpoint `i`: if it is enabled, and what it waits for. */
#define DR7_ENABLED(i, dr7) ((dr7) >> (2 * (i)) & 3)
#define DR7_KIND(i, dr7)    ((dr7) >> (16 + 4 * (i)) & 3)
#define DR7_KIND_IO         2u

#endif
