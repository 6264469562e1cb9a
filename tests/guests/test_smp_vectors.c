/* SPDX-License-Identifier: MIT */
/* The registers of AVX-512 belong to the vCPU that uses them: two vCPUs that share a CPU, or have
 * one each, keep their own 512 bits over calls, traps and switches, also while XCR0 does not name
 * them. A new vCPU finds zeroes, and the instructions are undefined until it has enabled them.
 * QEMU's emulator has no AVX-512; Bochs has it.
 * Vcpus: 2 Cpus: 1 2 */
#include <xen/arch-x86/cpuid.h>

#include "tests/guests/common/smp.h"

#define CR4_OSXSAVE   (1ul << 18)
#define XCR0_SSE_ONLY 3u
#define XCR0_ALL      0xe7u
#define REGISTERS     4u /* those that are compared: zmm0, zmm15, zmm16, zmm31 */
#define ROUNDS        300u

struct vectors {
    u64 zmm[REGISTERS][8];
    u64 mask;
} __attribute__((aligned(64)));

static bool offered(void)
{
    u32 eax = 0xd, ebx, ecx = 0, edx;

    __asm__ volatile(XEN_CPUID : "+a"(eax), "=b"(ebx), "+c"(ecx), "=d"(edx));
    return (eax & XCR0_ALL) == XCR0_ALL;
}

static void enable(u32 xcr0)
{
    u64 cr4;

    __asm__ volatile("mov %%cr4, %0" : "=r"(cr4));
    __asm__ volatile("mov %0, %%cr4" ::"r"(cr4 | CR4_OSXSAVE));
    __asm__ volatile("xsetbv" ::"c"(0), "a"(xcr0), "d"(0));
}

static void load(const struct vectors *from)
{
    __asm__ volatile("vmovdqu64 (%0), %%zmm0; vmovdqu64 64(%0), %%zmm15\n\t"
                     "vmovdqu64 128(%0), %%zmm16; vmovdqu64 192(%0), %%zmm31\n\t"
                     "kmovq 256(%0), %%k1" ::"r"(from)
                     : "memory");
}

static void store(struct vectors *to)
{
    __asm__ volatile("vmovdqu64 %%zmm0, (%0); vmovdqu64 %%zmm15, 64(%0)\n\t"
                     "vmovdqu64 %%zmm16, 128(%0); vmovdqu64 %%zmm31, 192(%0)\n\t"
                     "kmovq %%k1, 256(%0)" ::"r"(to)
                     : "memory");
}

static void use(void *unused)
{
    (void)unused;
    __asm__ volatile("vpxorq %zmm0, %zmm0, %zmm0");
}

static void compare(unsigned self, const struct vectors *want, const char *when)
{
    static struct vectors seen[SMP_MAX];
    struct vectors *got = &seen[self];

    store(got);
    for (unsigned i = 0; i < REGISTERS; i++) {
        for (unsigned j = 0; j < 8; j++) {
            check(got->zmm[i][j] == want->zmm[i][j], "vCPU %u, %s: %lx in word %u of register %u",
                  self, when, got->zmm[i][j], j, i);
        }
    }
    check(got->mask == want->mask, "vCPU %u, %s: %lx in k1", self, when, got->mask);
}

static void fill(struct vectors *vectors)
{
    u64 *word = &vectors->zmm[0][0];

    for (unsigned i = 0; i < REGISTERS * 8; i++) {
        word[i] = (u64)smp_below(~0u) << 32 | smp_below(~0u);
    }
    vectors->mask = (u64)smp_below(~0u) << 32 | smp_below(~0u);
}

static void keep(unsigned self)
{
    static struct vectors own[SMP_MAX];

    enable(XCR0_ALL);
    compare(self, &own[self], "at first");
    smp_barrier();
    for (unsigned i = 0; i < ROUNDS && !anything_failed(); i++) {
        fill(&own[self]);
        load(&own[self]);
        smp_jitter();
        compare(self, &own[self], "after switches");
        enable(XCR0_SSE_ONLY);
        smp_jitter();
        enable(XCR0_ALL);
        compare(self, &own[self], "after a time without");
    }
}

void test_main(void)
{
    if (!offered()) {
        skip("this processor has no AVX-512");
    }
    check_traps(VECTOR_UD, use, NULL, "AVX-512 that is not enabled raises %lu", trap_caught.vector);
    smp_start(2);
    smp_run(keep);
}
