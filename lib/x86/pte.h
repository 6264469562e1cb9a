/* SPDX-License-Identifier: MIT */
/* Page-table entries of 4-level paging, every level (AMD64 manual, volume 2, 5.3 and 5.4.1). */
#ifndef X86_PTE_H
#define X86_PTE_H

#include "lib/x86/constant.h"

#define PTE_PRESENT   BIT_U64(0)
#define PTE_WRITABLE  BIT_U64(1)
#define PTE_USER      BIT_U64(2)
#define PTE_PWT       BIT_U64(3) /* with PCD and PAT: the memory type */
#define PTE_PCD       BIT_U64(4)
#define PTE_ACCESSED  BIT_U64(5)
#define PTE_DIRTY     BIT_U64(6)
#define PTE_PAT       BIT_U64(7)  /* level 1 */
#define PTE_LARGE     BIT_U64(7)  /* levels 2 and 3: maps a page, not a table */
#define PTE_PAT_LARGE BIT_U64(12) /* levels 2 and 3, of a page */
#define PTE_GLOBAL    BIT_U64(8)
#define PTE_AVAILABLE (CONSTANT_U64(7) << 9) /* software's */
#define PTE_ADDRESS   CONSTANT_U64(0x000ffffffffff000)
#define PTE_NX        BIT_U64(63)

/* Software's as well, where protection keys are off; with them, 59 to 62 are a page's key. */
#define PTE_AVAILABLE_HIGH (CONSTANT_U64(0x7f) << 52)
#define PTE_KEY            (CONSTANT_U64(0xf) << 59)

#endif
