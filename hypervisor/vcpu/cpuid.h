/* SPDX-License-Identifier: MIT */
/* CPUID as guests see it. */
#ifndef VCPU_CPUID_H
#define VCPU_CPUID_H

#include "hypervisor/cpu/asm.h"

struct vcpu;

/* What a guest reads by CPUID with the ABI's forced-emulation prefix. A CPUID without the prefix
 * shows the real processor, since it does not trap. */
struct cpuid guest_cpuid(const struct vcpu *vcpu, u32 leaf, u32 subleaf);

/* What guests are shown for a leaf of the processor, without what depends on the vCPU: its number,
 * what it has enabled, and what a toolstack hides from its domain (vcpu/policy.h). For a leaf
 * outside the processor's ranges: zeroes. */
struct cpuid cpuid_offered(u32 leaf, u32 subleaf);

#endif
