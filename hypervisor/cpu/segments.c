/* SPDX-License-Identifier: MIT */
/* The reserved page of every GDT, and loads of descriptor tables. */
#include "hypervisor/cpu/segments.h"
#include "hypervisor/cpu/cpu.h"
#include "hypervisor/memory/layout.h"
#include "lib/x86/descriptor.h"

#define CPU_SLOTS 32u /* bytes for the TSS and LDT descriptors of a CPU */

static struct {
    u64 reserved[512];
    u64 zero[512];
} segments __attribute__((aligned(4096)));

static u64 *slot(u32 selector)
{
    return &segments.reserved[(selector - SELECTOR_FIRST) >> 3];
}

void *segments_reserved_page(void)
{
    return segments.reserved;
}

void *segments_zero_page(void)
{
    return segments.zero;
}

void segments_start(void)
{
    *slot(SELECTOR_CODE) = DESCRIPTOR_FLAT_CODE64;
    *slot(SELECTOR_DATA) = DESCRIPTOR_FLAT_DATA;
    *slot(SELECTOR_USER_CS32) = DESCRIPTOR_FLAT_CODE32 | DESCRIPTOR_RING;
    *slot(SELECTOR_USER_DS) = DESCRIPTOR_FLAT_DATA | DESCRIPTOR_RING;
    *slot(SELECTOR_USER_CS64) = DESCRIPTOR_FLAT_CODE64 | DESCRIPTOR_RING;
}

void segments_load(u64 gdt)
{
    struct table_pointer pointer = {GDT_LIMIT, gdt};

    __asm__ volatile("lgdt %0" : : "m"(pointer));
}

/* Writes a system descriptor, which takes two slots of 8 bytes, and returns its selector. */
static u32 describe(u32 selector, u64 kind, u64 base, u64 limit)
{
    u64 *descriptor = slot(selector);

    descriptor[0] = descriptor_system(kind, base, limit);
    descriptor[1] = base >> 32;
    return selector;
}

void segments_load_tss(u32 cpu, struct tss *tss)
{
    u32 selector =
        describe(SELECTOR_TSS + cpu * CPU_SLOTS, DESCRIPTOR_TSS, (u64)tss, sizeof *tss - 1);

    __asm__ volatile("ltr %w0" : : "r"(selector));
}

void segments_load_ldt(u64 window, u32 entries)
{
    u32 selector = 0;

    if (entries) {
        selector = describe(SELECTOR_TSS + this_cpu()->number * CPU_SLOTS + 16, DESCRIPTOR_LDT,
                            window + WINDOW_LDT * PAGE_SIZE, entries * 8ull - 1);
    }
    __asm__ volatile("lldt %w0" : : "r"(selector));
}
