/* SPDX-License-Identifier: MIT */
/* KVM's clock page. Sources: the documentation of KVM's interface (cpuid and msr). The page has the
 * form of the ABI's vcpu_time_info. */
#include "hypervisor/time/kvm_clock.h"
#include "hypervisor/cpu/asm.h"
#include "hypervisor/memory/layout.h"
#include "hypervisor/xen.h"
#include "lib/string.h"
#include "lib/x86/cpuid.h"

#define LEAF_FIRST     0x40000000u
#define LEAF_LAST      0x4000ff00u
#define LEAF_STEP      0x100u
#define LEAF_FEATURES  1u /* above the leaf with the signature */
#define FEATURE_CLOCK  (1u << 3)
#define MSR_KVM_CLOCK  0x4b564d01u
#define CLOCK_ON       1u
#define TRIES          1000u
#define SIGNATURE      "KVMKVMKVM\0\0"
#define SIGNATURE_SIZE 12u

/* Written by KVM. Aligned to its size, so that it lies in one page. */
static volatile struct vcpu_time_info _Alignas(sizeof(struct vcpu_time_info)) clock_page;

_Static_assert(sizeof clock_page == 32, "as large as KVM's");

/* The leaf with KVM's signature; 0: there is none. With other interfaces beside it, it is not the
 * first one. */
static u32 find_leaf(void)
{
    if (!(read_cpuid(1, 0).ecx & CPUID_1_ECX_HYPERVISOR)) {
        return 0;
    }
    for (u32 leaf = LEAF_FIRST; leaf <= LEAF_LAST; leaf += LEAF_STEP) {
        struct cpuid r = read_cpuid(leaf, 0);
        u32 words[] = {r.ebx, r.ecx, r.edx};

        if (memcmp(words, SIGNATURE, SIGNATURE_SIZE) == 0) {
            return leaf;
        }
    }
    return 0;
}

/* The page is being written while its version is odd; a page that was never written has version 0.
 */
static bool read_rate(u32 *multiplier, s8 *shift)
{
    for (u32 tries = 0; tries < TRIES; tries++) {
        u32 version = clock_page.version;

        __asm__ volatile("" : : : "memory"); /* this CPU alone writes: KVM does it for it */
        *multiplier = clock_page.tsc_to_system_mul;
        *shift = clock_page.tsc_shift;
        __asm__ volatile("" : : : "memory");
        if (version && !(version & 1) && version == clock_page.version) {
            return *multiplier != 0 && *shift > -32 && *shift < 32;
        }
        __builtin_ia32_pause();
    }
    return false;
}

/* ns = ((ticks << shift) * multiplier) >> 32, where a negative shift is a shift to the right. */
static u64 hertz_of(u32 multiplier, s8 shift)
{
    u64 hertz = ((1000000000ull << 32) + multiplier / 2) / multiplier;

    return shift < 0 ? hertz << -shift : hertz >> shift;
}

u64 kvm_clock_hertz(void)
{
    u32 leaf = find_leaf(), multiplier;
    s8 shift;

    if (!leaf || !(read_cpuid(leaf + LEAF_FEATURES, 0).eax & FEATURE_CLOCK)) {
        return 0;
    }
    write_msr(MSR_KVM_CLOCK, ((u64)&clock_page - LAYOUT_IMAGE + LAYOUT_IMAGE_LOAD) | CLOCK_ON);
    bool known = read_rate(&multiplier, &shift);
    write_msr(MSR_KVM_CLOCK, 0);
    return known ? hertz_of(multiplier, shift) : 0;
}
