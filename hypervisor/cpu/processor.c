/* SPDX-License-Identifier: MIT */
/* Properties of the processor. */
#include "hypervisor/cpu/processor.h"
#include "hypervisor/cpu/asm.h"
#include "lib/string.h"
#include "lib/x86/cpuid.h"

#define BIT(n) (1u << (n))

#define ARCH_RDCL_NO (1u << 0)

static struct {
    enum { UNKNOWN, NO, YES } tsc_aux;
    u32 physical_bits; /* 0: not asked yet */
} processor;

bool processor_vendor_is(const char *vendor)
{
    struct cpuid leaf = read_cpuid(0, 0);

    return !memcmp(&leaf.ebx, vendor, 4) && !memcmp(&leaf.edx, vendor + 4, 4) &&
           !memcmp(&leaf.ecx, vendor + 8, 4);
}

u32 processor_last_leaf(u32 first)
{
    u32 max = read_cpuid(first, 0).eax;

    return max >= first && max < first + 0x10000 ? max : first;
}

static bool find_tsc_aux(void)
{
    if (processor_last_leaf(0x80000000) >= 0x80000001 && read_cpuid(0x80000001, 0).edx & BIT(27)) {
        return true;
    }
    return processor_last_leaf(0) >= 7 && read_cpuid(7, 0).ecx & BIT(22);
}

bool processor_has_sysenter(void)
{
    return read_cpuid(1, 0).edx & CPUID_1_EDX_SEP && !processor_vendor_is("AuthenticAMD") &&
           !processor_vendor_is("HygonGenuine");
}

/* Processors whose INVLPG leaves global translations where PCID is used, unless their microcode has
 * been updated: Alder Lake, Raptor Lake and their small cores, by the numbers of the model. */
static bool invlpg_misses_global(void)
{
    static const u8 models[] = {0x97, 0x9a, 0xb7, 0xba, 0xbe, 0xbf};
    u32 signature = read_cpuid(1, 0).eax;
    u32 model = (signature >> 4 & 0xf) | (signature >> 12 & 0xf0);

    if (!processor_vendor_is("GenuineIntel") || (signature >> 8 & 0xf) != 6) {
        return false;
    }
    for (u32 i = 0; i < ARRAY_LENGTH(models); i++) {
        if (models[i] == model) {
            return true;
        }
    }
    return false;
}

bool processor_has_pcid(void)
{
    return read_cpuid(1, 0).ecx & CPUID_1_ECX_PCID && processor_last_leaf(0) >= 7 &&
           read_cpuid(7, 0).ebx & CPUID_7_EBX_INVPCID && !invlpg_misses_global();
}

/* The answer of CPUID is kept, since every switch of vCPUs needs it, and CPUID is slow if the
 * machine itself is virtual, where CPUID traps. */
bool processor_has_tsc_aux(void)
{
    if (!processor.tsc_aux) {
        processor.tsc_aux = find_tsc_aux() ? YES : NO;
    }
    return processor.tsc_aux == YES;
}

u32 processor_physical_bits(void)
{
    if (!processor.physical_bits) {
        processor.physical_bits = processor_last_leaf(0x80000000) >= 0x80000008
                                      ? read_cpuid(0x80000008, 0).eax & 0xff
                                      : 36;
    }
    return processor.physical_bits;
}

bool processor_has_l1tf(void)
{
    if (!processor_vendor_is("GenuineIntel")) {
        return false;
    }
    return !(processor_last_leaf(0) >= 7 && read_cpuid(7, 0).edx & BIT(29) &&
             read_msr(MSR_CAPABILITIES) & ARCH_RDCL_NO);
}
