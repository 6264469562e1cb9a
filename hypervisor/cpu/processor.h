/* SPDX-License-Identifier: MIT */
/* Properties of the processor, by CPUID. All CPUs of a machine have the same ones. */
#ifndef CPU_PROCESSOR_H
#define CPU_PROCESSOR_H

#include "lib/types.h"

/* True when the vendor's name in CPUID leaf 0 is `vendor`, which has 12 letters. */
bool processor_vendor_is(const char *vendor);

/* The last CPUID leaf of the range that begins at `first` (0, 0x40000000 or 0x80000000); `first`
 * itself if the range is empty. */
u32 processor_last_leaf(u32 first);

/* True when the processor has SYSENTER in 64-bit and compatibility mode. Those of AMD have it in
 * legacy mode only (AMD64 manual, volume 3), which CPUID's bit SEP does not say. */
bool processor_has_sysenter(void);

/* True when the processor has PCID and INVPCID, and its INVLPG drops global translations, too,
 * where PCID is used. */
bool processor_has_pcid(void);

/* True when the processor has MSR_TSC_AUX (and with it RDTSCP or RDPID). */
bool processor_has_tsc_aux(void);

/* How many bits a physical address has. */
u32 processor_physical_bits(void);

/* True when the processor may speculatively read memory through page-table entries that are not
 * present (L1TF): an Intel processor that does not report that it is immune. */
bool processor_has_l1tf(void);

#endif
