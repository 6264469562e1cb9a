/* SPDX-License-Identifier: MIT */
/* The TSC's frequency by a CPUID leaf that VMware began and others have taken over. */
#include "hypervisor/time/hypervisor_tsc.h"
#include "hypervisor/cpu/asm.h"
#include "lib/x86/cpuid.h"

#define LEAF_FIRST 0x40000000u
#define LEAF_TIMES 0x40000010u /* EAX: the TSC's frequency in kHz */

u64 hypervisor_tsc_hertz(void)
{
    if (!(read_cpuid(1, 0).ecx & CPUID_1_ECX_HYPERVISOR) ||
        read_cpuid(LEAF_FIRST, 0).eax < LEAF_TIMES) {
        return 0;
    }
    return read_cpuid(LEAF_TIMES, 0).eax * 1000ull;
}
