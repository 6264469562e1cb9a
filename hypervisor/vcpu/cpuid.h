/* SPDX-License-Identifier: MIT */
/* CPUID as guests see it. */
#ifndef VCPU_CPUID_H
#define VCPU_CPUID_H

#include "hypervisor/cpu/asm.h"

struct vcpu;

/* The ABI's view, by the forced-emulation prefix. A plain CPUID shows the real processor. */
struct cpuid guest_cpuid(const struct vcpu *vcpu, u32 leaf, u32 subleaf);

#endif
