/* SPDX-License-Identifier: MIT */
/* The TSC's frequency by CPUID leaves 0x15 and 0x16 (Intel SDM, volume 2, CPUID; volume 3,
 * 19.7.3). */
#include "hypervisor/time/cpuid_tsc.h"
#include "hypervisor/cpu/asm.h"

#define LEAF_TSC  0x15u /* EAX, EBX: the crystal's ratio to the TSC; ECX: the crystal's Hz or 0 */
#define LEAF_BASE 0x16u /* EAX: the processor's base frequency in MHz, rounded */
#define BASE_MASK 0xffffu
#define NEAR      64u /* a crystal is found if the base frequency is within 1/64 of what it gives */

/* The crystals of processors that do not report theirs (Intel SDM, volume 3, table 19-85). */
static const u32 crystals[] = {19200000, 24000000, 25000000, 38400000};

/* The crystal with which the TSC runs at about the base frequency; 0: there is none. The base
 * frequency itself is too coarse for a clock: it is rounded to a full number of 100 MHz. */
static u64 find_crystal(struct cpuid ratio)
{
    u64 base = (read_cpuid(LEAF_BASE, 0).eax & BASE_MASK) * 1000000ull;

    for (u32 i = 0; i < ARRAY_LENGTH(crystals); i++) {
        u64 hertz = (u64)crystals[i] * ratio.ebx / ratio.eax;

        if ((hertz > base ? hertz - base : base - hertz) < base / NEAR) {
            return crystals[i];
        }
    }
    return 0;
}

u64 cpuid_tsc_hertz(void)
{
    u32 last = read_cpuid(0, 0).eax;

    if (last < LEAF_TSC) {
        return 0;
    }
    struct cpuid ratio = read_cpuid(LEAF_TSC, 0);
    if (!ratio.eax || !ratio.ebx) {
        return 0;
    }
    u64 crystal = ratio.ecx;
    if (!crystal && last >= LEAF_BASE) {
        crystal = find_crystal(ratio);
    }
    return crystal * ratio.ebx / ratio.eax;
}
