/* SPDX-License-Identifier: MIT */
/* CPUID as guests see it: the processor's features, without those that a PV guest cannot use, and
 * the hypervisor's own leaves. */
#include "hypervisor/vcpu/abi_version.h"
#include "hypervisor/vcpu/cpuid.h"
#include "hypervisor/cpu/processor.h"
#include "hypervisor/cpu/xsave.h"
#include "hypervisor/domain/domain.h"
#include "hypervisor/memory/frames.h"
#include "hypervisor/time/clock.h"
#include "hypervisor/vcpu/policy.h"
#include "lib/string.h"
#include "lib/watch.h"
#include "lib/x86/control.h"
#include "lib/x86/cpuid.h"

#define BIT(n) (1u << (n))
#define ALL    (~0u)

#define BASIC_MAX    0xdu
#define EXTENDED_MAX 0x80000008u

#define XEN_FIRST 0x40000000u
#define XEN_LAST  0x40000005u
#define OWN_FIRST WATCH_NAME_LEAF
#define OWN_LAST  0x40000102u

/* Feature bits that guests are shown, by leaf and register (1D: leaf 1, EDX). PLAIN bits need no
 * vector registers; AVX and AVX512 bits need those registers enabled in XCR0. The comments name the
 * bits of a constant without suffix, and the PLAIN bits.
 *
 * Leaf 1, EDX: FPU DE TSC MSR PAE MCE CX8 APIC SEP MCA CMOV PAT CLFLUSH MMX FXSR SSE SSE2 SS */
#define FEATURES_1D                                                                                \
    (BIT(0) | BIT(2) | BIT(4) | BIT(5) | BIT(6) | BIT(7) | BIT(8) | BIT(9) | BIT(11) | BIT(14) |   \
     BIT(15) | BIT(16) | BIT(19) | BIT(23) | BIT(24) | BIT(25) | BIT(26) | BIT(27))
/* Leaf 1, ECX: SSE3 PCLMULQDQ SSSE3 CX16 SSE4.1 SSE4.2 MOVBE POPCNT AES RDRAND; AVX: FMA AVX F16C.
 * XSAVE is added in the table below. */
#define FEATURES_1C_PLAIN                                                                          \
    (BIT(0) | BIT(1) | BIT(9) | BIT(13) | BIT(19) | BIT(20) | BIT(22) | BIT(23) | BIT(25) | BIT(30))
#define FEATURES_1C_AVX (BIT(12) | BIT(28) | BIT(29))

/* Leaf 7, EBX: BMI1 FDP_EXCPTN_ONLY BMI2 ERMS NO_FPU_SEL RDSEED ADX CLFLUSHOPT CLWB SHA */
#define FEATURES_7B_PLAIN                                                                          \
    (BIT(3) | BIT(6) | BIT(8) | BIT(9) | BIT(13) | BIT(18) | BIT(19) | BIT(23) | BIT(24) | BIT(29))
#define FEATURES_7B_AVX BIT(5)
#define FEATURES_7B_AVX512                                                                         \
    (BIT(16) | BIT(17) | BIT(21) | BIT(26) | BIT(27) | BIT(28) | BIT(30) | BIT(31))
/* Leaf 7, ECX: PREFETCHWT1 GFNI RDPID */
#define FEATURES_7C_PLAIN  (BIT(0) | BIT(8) | BIT(22))
#define FEATURES_7C_AVX    (BIT(9) | BIT(10))
#define FEATURES_7C_AVX512 (BIT(1) | BIT(6) | BIT(11) | BIT(12) | BIT(14))
/* Leaf 7, EDX: FSRM MD_CLEAR SERIALIZE */
#define FEATURES_7D_PLAIN  (BIT(4) | BIT(10) | BIT(14))
#define FEATURES_7D_AVX512 (BIT(2) | BIT(3) | BIT(8) | BIT(23))
/* Leaf 7, subleaf 1, EAX: FZRM FSRS FSRC */
#define FEATURES_71A_PLAIN  (BIT(10) | BIT(11) | BIT(12))
#define FEATURES_71A_AVX    BIT(4)
#define FEATURES_71A_AVX512 BIT(5)

/* Leaf 0x80000001, ECX: LAHF ABM SSE4A MISALIGNSSE 3DNOWPREFETCH TBM */
#define FEATURES_EXT1C_PLAIN (BIT(0) | BIT(5) | BIT(6) | BIT(7) | BIT(8) | BIT(21))
#define FEATURES_EXT1C_AVX   (BIT(11) | BIT(16))
/* Leaf 0x80000001, EDX: the bits that AMD repeats from leaf 1, and SYSCALL NX MMXEXT RDTSCP LM
 * 3DNOWEXT 3DNOW */
#define FEATURES_EXT1D                                                                             \
    ((FEATURES_1D & 0x0183f3ffu) | BIT(11) | BIT(20) | BIT(22) | BIT(27) | BIT(29) | BIT(30) |     \
     BIT(31))
/* Leaf 0x80000008, EBX: CLZERO RSTR_FP_ERR_PTRS */
#define FEATURES_EXT8B (BIT(0) | BIT(2))

#define XSAVE_BASE     576u /* bytes of the legacy area and the header of an XSAVE area */
#define XSAVE_VARIANTS 7u   /* leaf 0xd, subleaf 1, EAX: XSAVEOPT XSAVEC XGETBV(1) */

/* Bits of a leaf, by register. */
struct filter {
    u32 leaf, subleaf; /* subleaf ANY: the filter applies to every subleaf */
    u32 eax, ebx, ecx, edx;
};
#define ANY (~0u)

/* The bits of the processor's leaves that guests are shown. A leaf that is neither here nor made by
 * a function of its own (0xb, 0xd, the hypervisor's) is shown as zeroes. */
static const struct filter filters[] = {
    {0, ANY, ALL, ALL, ALL, ALL},
    {1, ANY, ALL, 0xff00u, FEATURES_1C_PLAIN | FEATURES_1C_AVX | CPUID_1_ECX_XSAVE, FEATURES_1D},
    {2, ANY, ALL, ALL, ALL, ALL},
    {4, ANY, 0x3fffu, ALL, ALL, 7}, /* caches, shown as shared with no other processor */
    {7, 0, ALL, FEATURES_7B_PLAIN | FEATURES_7B_AVX | FEATURES_7B_AVX512,
     FEATURES_7C_PLAIN | FEATURES_7C_AVX | FEATURES_7C_AVX512,
     FEATURES_7D_PLAIN | FEATURES_7D_AVX512},
    {7, 1, FEATURES_71A_PLAIN | FEATURES_71A_AVX | FEATURES_71A_AVX512, 0, 0, 0},
    {0x80000000, ANY, ALL, ALL, ALL, ALL},
    {0x80000001, ANY, ALL, 0, FEATURES_EXT1C_PLAIN | FEATURES_EXT1C_AVX, FEATURES_EXT1D},
    {0x80000002, ANY, ALL, ALL, ALL, ALL}, /* name of the processor, also in the next two leaves */
    {0x80000003, ANY, ALL, ALL, ALL, ALL},
    {0x80000004, ANY, ALL, ALL, ALL, ALL},
    {0x80000005, ANY, ALL, ALL, ALL, ALL}, /* caches, also in the next leaf */
    {0x80000006, ANY, ALL, ALL, ALL, ALL},
    {0x80000008, ANY, 0xffu, FEATURES_EXT8B, 0, 0},
};

static struct cpuid text(u32 eax, const char *name)
{
    struct cpuid r = {.eax = eax};

    memcpy(&r.ebx, name, 4);
    memcpy(&r.ecx, name + 4, 4);
    memcpy(&r.edx, name + 8, 4);
    return r;
}

/* ---- the hypervisor's leaves ------------------------------------------------------------- */

/* The number of bits of a machine address of this machine's RAM. If it exceeds 44, guests use a
 * wider format of grant entries. */
static u32 address_width(void)
{
    return PAGE_SHIFT + 64 - (u32)__builtin_clzll((frames_count() - 1) | 1);
}

static struct cpuid hypervisor_leaf(u32 leaf, u32 subleaf)
{
    switch (leaf - XEN_FIRST) {
    case 0:
        return text(XEN_LAST, "XenVMMXenVMM");
    case 1:
        return (struct cpuid){.eax = abi_version()};
    case 2: /* one hypercall page, set up by an MSR; MMU_PT_UPDATE_PRESERVE_AD exists */
        return (struct cpuid){.eax = 1, .ebx = 0x40000000, .ecx = BIT(0)};
    case 3: /* the TSC is not emulated; its frequency in kHz */
        if (subleaf == 0) {
            return (struct cpuid){.eax = processor_has_tsc_aux() ? BIT(2) : 0,
                                  .ecx = (u32)clock_tsc_khz()};
        }
        return (struct cpuid){.eax = subleaf == 2 ? (u32)clock_tsc_khz() : 0};
    case 5:
        return (struct cpuid){.ebx = address_width()};
    }
    return (struct cpuid){0};
}

/* Pinion's own leaves: the first has its name; the second has the counters of the domain's
 * page-table work (vmmu_counters), one in each subleaf; the third says how to call `watch`. */
static struct cpuid own_leaf(const struct vcpu *vcpu, u32 leaf, u32 subleaf)
{
    struct vmmu_counters counters;
    u64 value;

    if (leaf == OWN_FIRST) {
        return text(OWN_LAST, "PinionVMMCPU");
    }
    if (leaf == WATCH_LEAF) {
        return (struct cpuid){.eax = WATCH_HYPERCALL, .ebx = WATCH_VERSION};
    }
    if (subleaf >= sizeof counters / sizeof(_Atomic u64)) {
        return (struct cpuid){0};
    }
    domain_counters(vcpu->domain, &counters);
    value = atomic_load_explicit((const _Atomic u64 *)&counters + subleaf, memory_order_relaxed);
    return (struct cpuid){.eax = (u32)value, .ebx = (u32)(value >> 32), .ecx = 1};
}

/* ---- XSAVE ------------------------------------------------------------------------------- */

/* The size in bytes of an XSAVE area with the components of `xcr0`, in the standard or in the
 * compacted format. */
static u32 xsave_size(u64 xcr0, bool compacted)
{
    u32 size = XSAVE_BASE;

    for (u32 i = 2; i < 63; i++) {
        struct cpuid part;

        if (!(xcr0 >> i & 1)) {
            continue;
        }
        part = read_cpuid(0xd, i);
        if (!compacted) {
            if (part.ebx + part.eax > size) {
                size = part.ebx + part.eax;
            }
            continue;
        }
        if (part.ecx & BIT(1)) {
            size = (size + 63) & ~63u;
        }
        size += part.eax;
    }
    return size;
}

/* Leaf 0xd for a vCPU that has set XCR0 to `xcr0`. */
static struct cpuid xsave_leaf(u64 xcr0, u32 subleaf)
{
    u64 may = xsave_xcr0();
    struct cpuid r;

    if (!may || subleaf > 62) {
        return (struct cpuid){0};
    }
    if (subleaf == 0) {
        return (struct cpuid){(u32)may, xsave_size(xcr0, false), xsave_size(may, false),
                              (u32)(may >> 32)};
    }
    r = read_cpuid(0xd, subleaf);
    if (subleaf == 1) {
        return (struct cpuid){.eax = r.eax & XSAVE_VARIANTS,
                              .ebx = r.eax & BIT(1) ? xsave_size(xcr0, true) : 0};
    }
    if (!(may >> subleaf & 1)) {
        return (struct cpuid){0};
    }
    return (struct cpuid){.eax = r.eax, .ebx = r.ebx, .ecx = r.ecx & BIT(1)};
}

/* ---- everything else --------------------------------------------------------------------- */

/* Leaf 0xb: the topology that a guest is shown, which has one thread a core and one core for each
 * vCPU. The APIC id of vCPU N is 2 * N. */
static struct cpuid topology_leaf(u32 id, u32 vcpus, u32 subleaf)
{
    struct cpuid r = {.ecx = subleaf & 0xff, .edx = id * 2};
    u32 bits = 1;

    while (1u << bits < vcpus * 2) {
        bits++;
    }
    if (subleaf == 0) {
        r.eax = 1;
        r.ebx = 1;
        r.ecx |= 1 << 8;
    } else if (subleaf == 1) {
        r.eax = bits;
        r.ebx = vcpus;
        r.ecx |= 2 << 8;
    }
    return r;
}

static bool filtered_leaf(u32 leaf, u32 subleaf, struct cpuid *r)
{
    for (u32 i = 0; i < ARRAY_LENGTH(filters); i++) {
        const struct filter *f = &filters[i];

        if (f->leaf != leaf || (f->subleaf != ANY && f->subleaf != subleaf)) {
            continue;
        }
        *r = read_cpuid(leaf, subleaf);
        r->eax &= f->eax;
        r->ebx &= f->ebx;
        r->ecx &= f->ecx;
        r->edx &= f->edx;
        return true;
    }
    return false;
}

/* Clears the bits of features that need vector registers, if XCR0 cannot enable those registers on
 * this machine. */
static void drop_vectors(u32 leaf, u32 subleaf, struct cpuid *r)
{
    static const struct filter with_avx[] = {
        {1, ANY, 0, 0, FEATURES_1C_AVX, 0},
        {7, 0, 0, FEATURES_7B_AVX, FEATURES_7C_AVX, 0},
        {7, 1, FEATURES_71A_AVX, 0, 0, 0},
        {0x80000001, ANY, 0, 0, FEATURES_EXT1C_AVX, 0},
    };
    static const struct filter with_avx512[] = {
        {7, 0, 0, FEATURES_7B_AVX512, FEATURES_7C_AVX512, FEATURES_7D_AVX512},
        {7, 1, FEATURES_71A_AVX512, 0, 0, 0},
    };
    const struct filter *const sets[] = {with_avx, with_avx512};
    const u32 counts[] = {ARRAY_LENGTH(with_avx), ARRAY_LENGTH(with_avx512)};
    const u64 needs[] = {XCR0_AVX, XCR0_AVX | XCR0_AVX512};

    for (u32 set = 0; set < 2; set++) {
        if ((xsave_xcr0() & needs[set]) == needs[set]) {
            continue;
        }
        for (u32 i = 0; i < counts[set]; i++) {
            const struct filter *f = &sets[set][i];

            if (f->leaf != leaf || (f->subleaf != ANY && f->subleaf != subleaf)) {
                continue;
            }
            r->eax &= ~f->eax;
            r->ebx &= ~f->ebx;
            r->ecx &= ~f->ecx;
            r->edx &= ~f->edx;
        }
    }
}

/* Adjusts fields of a filtered leaf that depend on what this file supports. */
static void adjust(u32 leaf, u32 subleaf, struct cpuid *r)
{
    if (leaf == 0 && r->eax > BASIC_MAX) {
        r->eax = BASIC_MAX;
    }
    if (leaf == 7 && subleaf == 0 && r->eax > 1) {
        r->eax = 1;
    }
    if (leaf == 0x80000000 && r->eax > EXTENDED_MAX) {
        r->eax = EXTENDED_MAX;
    }
    if (leaf == 0x80000008) {
        r->eax |= 48 << 8;
    }
    if (leaf != 1) {
        return;
    }
    r->ecx |= CPUID_1_ECX_HYPERVISOR;
    if (!processor_has_sysenter()) {
        r->edx &= ~CPUID_1_EDX_SEP;
    }
    if (!xsave_xcr0()) {
        r->ecx &= ~CPUID_1_ECX_XSAVE;
    }
}

struct cpuid cpuid_offered(u32 leaf, u32 subleaf)
{
    struct cpuid r = {0};

    if (leaf != 0 && leaf != 0x80000000 &&
        leaf > processor_last_leaf(leaf & 0x80000000)) { /* the processor has no such leaf: Intel
                                                            returns another leaf's contents */
        return r;
    }
    if (leaf == 0xb) {
        return topology_leaf(0, 1, subleaf);
    }
    if (leaf == 0xd) {
        return xsave_leaf(XCR0_X87, subleaf);
    }
    if (filtered_leaf(leaf, subleaf, &r)) {
        drop_vectors(leaf, subleaf, &r);
        adjust(leaf, subleaf, &r);
    }
    return r;
}

/* Replaces what depends on the vCPU in *r, the leaf that is shown without that. */
static void adjust_for(const struct vcpu *vcpu, u32 leaf, u32 subleaf, struct cpuid *r)
{
    switch (leaf) {
    case 1:
        r->ebx |= vcpu->id * 2 << 24 | 1 << 16;
        if (xsave_xcr0() && (vcpu->in_kernel || vcpu->cr4 & CR4_OSXSAVE)) {
            r->ecx |= CPUID_1_ECX_OSXSAVE;
        }
        break;
    case 0xb:
        if (processor_last_leaf(0) >= 0xb) {
            *r = topology_leaf(vcpu->id, vcpu->domain->vcpu_count, subleaf);
        }
        break;
    case 0xd:
        *r = xsave_leaf(vcpu->xcr0, subleaf);
        break;
    }
}

struct cpuid guest_cpuid(const struct vcpu *vcpu, u32 leaf, u32 subleaf)
{
    if (leaf >= XEN_FIRST && leaf <= XEN_LAST) {
        return hypervisor_leaf(leaf, subleaf);
    }
    if (leaf >= OWN_FIRST && leaf <= OWN_LAST) {
        return own_leaf(vcpu, leaf, subleaf);
    }
    struct cpuid r = cpuid_offered(leaf, subleaf);
    adjust_for(vcpu, leaf, subleaf, &r);
    policy_hide(&vcpu->domain->policy, leaf, subleaf, &r);
    return r;
}
