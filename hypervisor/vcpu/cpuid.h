/* SPDX-License-Identifier: MIT */
/* CPUID as guests see it. */
#ifndef VCPU_CPUID_H
#define VCPU_CPUID_H

#include "hypervisor/cpu/asm.h"

struct vcpu;

/* The ABI's view, by the forced-emulation prefix. A plain CPUID shows the real processor. */
struct cpuid guest_cpuid(const struct vcpu *vcpu, u32 leaf, u32 subleaf);

/* The real processor: its vendor (12 letters), and whether it has MSR_TSC_AUX. */
bool cpuid_vendor_is(const char *vendor);
bool cpuid_has_tsc_aux(void);

/* Its last leaf of the range that begins at `first` (0, 0x40000000, 0x80000000); none: `first`. */
u32 cpuid_max(u32 first);

/* True when this CPU may read memory ahead through page-table entries that are not present: an
 * Intel one that does not say it is free of that. */
bool cpuid_l1tf(void);

#endif
