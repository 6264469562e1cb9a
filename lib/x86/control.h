/* SPDX-License-Identifier: MIT */
/* Control registers: CR0 (AMD64 manual, volume 2, 3.1.1), CR3 (5.3.2, 5.5.1), CR4 (3.1.3), EFER
 * (3.1.7), XCR0 (11.5.2); and the types of INVPCID (volume 3). */
#ifndef X86_CONTROL_H
#define X86_CONTROL_H

#include "lib/x86/constant.h"

#define CR0_PE BIT_U64(0)  /* protected mode */
#define CR0_MP BIT_U64(1)  /* WAIT heeds TS */
#define CR0_EM BIT_U64(2)  /* no x87: emulate it */
#define CR0_TS BIT_U64(3)  /* task switched: the next use of the FPU is a #NM */
#define CR0_ET BIT_U64(4)  /* always set */
#define CR0_NE BIT_U64(5)  /* x87 errors are a #MF */
#define CR0_WP BIT_U64(16) /* rings 0 to 2 heed read-only pages, too */
#define CR0_AM BIT_U64(18) /* RFLAGS.AC checks alignment */
#define CR0_PG BIT_U64(31) /* paging */

#define CR3_PCID CONSTANT_U64(0xfff) /* the address space's number, if CR4.PCIDE is set */
#define CR3_KEEP BIT_U64(63)         /* in a MOV to CR3, if CR4.PCIDE is set: flush nothing */

#define CR4_TSD        BIT_U64(2)  /* RDTSC in ring 0 only */
#define CR4_DE         BIT_U64(3)  /* DR4 and DR5 do not exist */
#define CR4_PAE        BIT_U64(5)  /* 64-bit page-table entries */
#define CR4_MCE        BIT_U64(6)  /* machine checks */
#define CR4_PGE        BIT_U64(7)  /* global pages */
#define CR4_OSFXSR     BIT_U64(9)  /* SSE */
#define CR4_OSXMMEXCPT BIT_U64(10) /* #XM */
#define CR4_UMIP       BIT_U64(11) /* SGDT and the like in ring 0 only */
#define CR4_FSGSBASE   BIT_U64(16) /* RDFSBASE and the like */
#define CR4_PCIDE      BIT_U64(17) /* translations are tagged with CR3's PCID */
#define CR4_OSXSAVE    BIT_U64(18) /* XSAVE, XCR0 */
#define CR4_SMEP       BIT_U64(20) /* ring 0 executes no user page */
#define CR4_SMAP       BIT_U64(21) /* ring 0 reads and writes no user page unless RFLAGS.AC */

#define EFER_SCE BIT_U64(0)  /* SYSCALL */
#define EFER_LME BIT_U64(8)  /* long mode enabled */
#define EFER_LMA BIT_U64(10) /* long mode active */
#define EFER_NXE BIT_U64(11) /* no-execute pages */
#define EFER_AIB BIT_U64(21) /* automatic IBRS */

/* What INVPCID drops: one address of one context, one context, all contexts; not what is global. */
#define INVPCID_ADDRESS 0
#define INVPCID_CONTEXT 1
#define INVPCID_ALL     3

#define XCR0_X87    BIT_U64(0)
#define XCR0_SSE    BIT_U64(1)
#define XCR0_AVX    BIT_U64(2)
#define XCR0_AVX512 (CONSTANT_U64(7) << 5) /* all three or none */

#endif
