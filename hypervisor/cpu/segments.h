/* SPDX-License-Identifier: MIT */
/* The reserved page of every GDT: selectors that the ABI fixes, and the hypervisor's own. */
#ifndef CPU_SEGMENTS_H
#define CPU_SEGMENTS_H

#define SELECTOR_FIRST     0xe000 /* page 14 of the GDT (FIRST_RESERVED_GDT_ENTRY) */
#define SELECTOR_CODE      0xe008
#define SELECTOR_DATA      0xe010
#define SELECTOR_USER_CS32 0xe023 /* FLAT_RING3_CS32 */
#define SELECTOR_USER_DS   0xe02b /* FLAT_RING3_SS64, _DS32 */
#define SELECTOR_USER_CS64 0xe033 /* FLAT_RING3_CS64 */
#define SELECTOR_TSS       0xe080 /* four slots a CPU from here: TSS, LDT */

#define GDT_RESERVED_PAGE 14
#define GDT_LIMIT         0xefff /* 15 pages */

#ifndef __ASSEMBLY__

#include "lib/types.h"

struct tss;

/* Loads the GDT at linear address `gdt` (its reserved page must be mapped there). */
void segments_load(u64 gdt);

/* Builds the reserved page, once. */
void segments_start(void);

/* Describes a CPU's TSS in the reserved page and loads its task register; a GDT with that page is
 * loaded. */
void segments_load_tss(u32 cpu, struct tss *tss);

/* Loads the LDT of `entries` descriptors in the LDT half of a window; 0: none. */
void segments_load_ldt(u64 window, u32 entries);

/* The reserved page, and the page of zeroes that stands for GDT pages a guest did not give. */
void *segments_reserved_page(void);
void *segments_zero_page(void);

#endif
#endif
