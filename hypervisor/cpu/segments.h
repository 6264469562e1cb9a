/* SPDX-License-Identifier: MIT */
/* The reserved page of every GDT: one page that all CPUs share and that guests cannot change. It
 * has the descriptors that the ABI promises to guests, those of the hypervisor's own segments, and
 * for each CPU that CPU's TSS and LDT descriptors. */
#ifndef CPU_SEGMENTS_H
#define CPU_SEGMENTS_H

#define SELECTOR_FIRST     0xe000 /* start of GDT page 14 (ABI: FIRST_RESERVED_GDT_ENTRY) */
#define SELECTOR_CODE      0xe008
#define SELECTOR_DATA      0xe010
#define SELECTOR_USER_CS32 0xe023 /* ABI: FLAT_RING3_CS32 */
#define SELECTOR_USER_DS   0xe02b /* ABI: FLAT_RING3_SS64, FLAT_RING3_DS32 */
#define SELECTOR_USER_CS64 0xe033 /* ABI: FLAT_RING3_CS64 */
#define SELECTOR_TSS       0xe080 /* from here four slots for each CPU: its TSS, its LDT */

#define GDT_RESERVED_PAGE 14
#define GDT_LIMIT         0xefff /* the GDT has 15 pages */

#ifndef __ASSEMBLY__

#include "lib/types.h"

struct tss;

/* Loads the GDT register with linear address `gdt`, where the reserved page must be mapped as page
 * 14. */
void segments_load(u64 gdt);

/* Writes the descriptors of the GDT's reserved page, except each CPU's TSS and LDT
 * (segments_load_tss, segments_load_ldt). Call it once, before segments_load. */
void segments_start(void);

/* Writes the TSS descriptor of CPU number `cpu` into the reserved page and loads this CPU's task
 * register with it. A GDT with the reserved page must be loaded. */
void segments_load_tss(u32 cpu, struct tss *tss);

/* Writes this CPU's LDT descriptor and loads the LDT register with it: a table of `entries`
 * descriptors in the LDT half of the descriptor window at address `window` (memory/layout.h).
 * `entries` 0: no LDT; no descriptor is written. */
void segments_load_ldt(u64 window, u32 entries);

/* The reserved page, and a page of zeroes, which is mapped in place of the GDT pages that a guest
 * has not set. Both are addresses in the hypervisor's image. */
void *segments_reserved_page(void);
void *segments_zero_page(void);

#endif
#endif
