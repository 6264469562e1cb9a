/* SPDX-License-Identifier: MIT */
/* The model-specific registers that a guest kernel sees. */
#include "hypervisor/vcpu/msr.h"
#include "hypervisor/memory/guest_copy.h"
#include "hypervisor/cpu/asm.h"
#include "hypervisor/cpu/cpu.h"
#include "hypervisor/vcpu/cpuid.h"
#include "hypervisor/domain/domain.h"
#include "hypervisor/domain/hypercall_page.h"
#include "hypervisor/memory/map.h"
#include "hypervisor/cpu/processor.h"

/* The result of reading an MSR. */
enum reading {
    READ_NONE,  /* #GP */
    READ_VALUE, /* always `value` of the row */
    READ_REAL,  /* the processor's register, which holds the current vCPU's value */
    READ_APIC,
    READ_TSC,
};

/* The effect of writing an MSR. */
enum effect {
    EFFECT_NONE, /* #GP */
    EFFECT_SAME, /* none, but #GP if the value differs from what reading returns */
    EFFECT_IGNORE,
    EFFECT_BASE,       /* to the processor's register; #GP unless it is a canonical address */
    EFFECT_WORD,       /* to the processor's register; #GP if it has more than 32 bits */
    EFFECT_HYPERCALLS, /* the page at that machine address becomes a hypercall page; #GP if it
                          cannot */
};

/* The processors on which an MSR exists for guests. */
enum where { ANY, INTEL, AMD, WITH_RDTSCP };

/* The MSRs `first` to `last`, as guests see them. An MSR without a row gives #GP. */
struct row {
    u32 first, last;
    u8 reading, effect, where;
    u64 value;
};

#define MSR_HYPERCALLS    0x40000000u /* named by the hypervisor's CPUID leaf 2 */
#define EFER_VALUE        (EFER_SCE | EFER_LME | EFER_LMA | EFER_NXE)
#define MISC_ENABLE_VALUE 0x801801ull  /* fast strings on; BTS, PEBS and xTPR messages off */
#define HWCR_VALUE        (1ull << 24) /* the TSC counts at a constant rate */

static const struct row rows[] = {
    {MSR_TSC, MSR_TSC, READ_TSC, EFFECT_NONE, ANY, 0},
    {MSR_APIC_BASE, MSR_APIC_BASE, READ_APIC, EFFECT_NONE, ANY, 0},
    {0x8b, 0x8b, READ_VALUE, EFFECT_IGNORE, ANY, 0},   /* microcode revision */
    {0xce, 0xce, READ_VALUE, EFFECT_NONE, ANY, 0},     /* platform information */
    {0xe7, 0xe8, READ_NONE, EFFECT_IGNORE, ANY, 0},    /* APERF, MPERF */
    {0x140, 0x140, READ_VALUE, EFFECT_SAME, INTEL, 0}, /* optional features in force */
    {0x179, 0x17a, READ_VALUE, EFFECT_IGNORE, ANY, 0}, /* machine check: no banks */
    {0x19a, 0x19a, READ_NONE, EFFECT_IGNORE, ANY, 0},  /* clock modulation */
    {0x1a0, 0x1a0, READ_VALUE, EFFECT_IGNORE, INTEL, MISC_ENABLE_VALUE},
    {0x1b0, 0x1b0, READ_NONE, EFFECT_IGNORE, ANY, 0}, /* energy bias */
    {MSR_PAT, MSR_PAT, READ_VALUE, EFFECT_SAME, ANY, CPU_PAT},
    {0x345, 0x345, READ_VALUE, EFFECT_NONE, INTEL, 0}, /* features of performance counters */
    {MSR_EFER, MSR_EFER, READ_VALUE, EFFECT_SAME, ANY, EFER_VALUE},
    {MSR_FS_BASE, MSR_KERNEL_GS_BASE, READ_REAL, EFFECT_BASE, ANY, 0},
    {MSR_TSC_AUX, MSR_TSC_AUX, READ_REAL, EFFECT_WORD, WITH_RDTSCP, 0},
    {MSR_HYPERCALLS, MSR_HYPERCALLS, READ_NONE, EFFECT_HYPERCALLS, ANY, 0},
    {0xc0010015, 0xc0010015, READ_VALUE, EFFECT_IGNORE, AMD, HWCR_VALUE},
    {0xc001001f, 0xc001001f, READ_VALUE, EFFECT_IGNORE, AMD, 0}, /* northbridge */
    {0xc0010058, 0xc0010058, READ_VALUE, EFFECT_IGNORE, AMD, 0}, /* PCI configuration window */
    {0xc0010061, 0xc001006b, READ_VALUE, EFFECT_IGNORE, AMD, 0}, /* P-states */
    {0xc0011029, 0xc0011029, READ_VALUE, EFFECT_IGNORE, AMD, 0}, /* decoder configuration */
};

static bool exists(enum where where)
{
    switch (where) {
    case INTEL:
        return processor_vendor_is("GenuineIntel");
    case AMD:
        return processor_vendor_is("AuthenticAMD") || processor_vendor_is("HygonGenuine");
    case WITH_RDTSCP:
        return processor_has_tsc_aux();
    default:
        return true;
    }
}

static const struct row *find(u32 index)
{
    for (u32 i = 0; i < ARRAY_LENGTH(rows); i++) {
        if (index >= rows[i].first && index <= rows[i].last) {
            return exists(rows[i].where) ? &rows[i] : NULL;
        }
    }
    return NULL;
}

bool guest_read_msr(const struct vcpu *vcpu, u32 index, u64 *value)
{
    const struct row *row = find(index);

    switch (row ? row->reading : READ_NONE) {
    case READ_VALUE:
        *value = row->value;
        return true;
    case READ_REAL:
        *value = read_msr(index);
        return true;
    case READ_APIC:
        *value = APIC_BASE_RESET | APIC_BASE_ENABLED | (vcpu->id ? 0 : APIC_BASE_BOOT_CPU);
        return true;
    case READ_TSC:
        *value = read_tsc();
        return true;
    }
    return false;
}

/* Fills the page at machine address `value`, which must be the guest's own and may be written by
 * it, with the hypercall page's code. A kernel can instead name its hypercall page in an ELF
 * note. */
static bool fill_hypercall_page(const struct vcpu *vcpu, u64 value)
{
    mfn_t m = mfn_of(maddr(value));

    if (page_offset(value) || vmmu_hold(&vcpu->domain->mmu, m) != VMMU_DONE) {
        return false;
    }
    hypercall_page_fill(frame_view(m));
    vmmu_unhold(m);
    return true;
}

bool guest_write_msr(const struct vcpu *vcpu, u32 index, u64 value)
{
    const struct row *row = find(index);
    u64 now;

    switch (row ? row->effect : EFFECT_NONE) {
    case EFFECT_SAME:
        return guest_read_msr(vcpu, index, &now) && now == value;
    case EFFECT_IGNORE:
        return true;
    case EFFECT_BASE:
        if (!address_canonical(value)) {
            return false;
        }
        write_msr(index, value);
        return true;
    case EFFECT_WORD:
        if (value >> 32) {
            return false;
        }
        write_msr(index, value);
        return true;
    case EFFECT_HYPERCALLS:
        return fill_hypercall_page(vcpu, value);
    }
    return false;
}
