/* SPDX-License-Identifier: MIT */
/* The reserved page of every GDT. */
#include "hypervisor/cpu/segments.h"
#include "hypervisor/cpu/cpu.h"
#include "hypervisor/memory/layout.h"

#define CODE64      0x00af9b000000ffffull /* present, long, readable, accessed */
#define DATA        0x00cf93000000ffffull
#define RING_3      0x0000600000000000ull
#define CODE32      0x00cf9b000000ffffull
#define TSS_PRESENT 0x0000890000000000ull
#define LDT_PRESENT 0x0000820000000000ull
#define CPU_SLOTS   32u /* bytes of descriptors a CPU */

static struct {
    u64 reserved[512];
    u64 zero[512];
} state __attribute__((aligned(4096)));

static u64 *slot(u32 selector)
{
    return &state.reserved[(selector - SELECTOR_FIRST) >> 3];
}

void *segments_reserved_page(void)
{
    return state.reserved;
}

void *segments_zero_page(void)
{
    return state.zero;
}

void segments_start(void)
{
    *slot(SELECTOR_CODE) = CODE64;
    *slot(SELECTOR_DATA) = DATA;
    *slot(SELECTOR_USER_CS32) = CODE32 | RING_3;
    *slot(SELECTOR_USER_DS) = DATA | RING_3;
    *slot(SELECTOR_USER_CS64) = CODE64 | RING_3;
}

void segments_load(u64 gdt)
{
    struct {
        u16 limit;
        u64 base;
    } __attribute__((packed)) pointer = {GDT_LIMIT, gdt};

    __asm__ volatile("lgdt %0" : : "m"(pointer));
}

/* A system descriptor takes two slots. Returns its selector. */
static u32 describe(u32 selector, u64 kind, u64 base, u64 limit)
{
    u64 *descriptor = slot(selector);

    descriptor[0] = kind | (limit & 0xffff) | (limit >> 16 & 0xf) << 48 | (base & 0xffffff) << 16 |
                    (base >> 24 & 0xff) << 56;
    descriptor[1] = base >> 32;
    return selector;
}

void segments_load_tss(u32 cpu, struct tss *tss)
{
    u32 selector = describe(SELECTOR_TSS + cpu * CPU_SLOTS, TSS_PRESENT, (u64)tss, sizeof *tss - 1);

    __asm__ volatile("ltr %w0" : : "r"(selector));
}

void segments_load_ldt(u64 window, u32 entries)
{
    u32 selector = 0;

    if (entries) {
        selector = describe(SELECTOR_TSS + this_cpu()->number * CPU_SLOTS + 16, LDT_PRESENT,
                            window + WINDOW_LDT * PAGE_SIZE, entries * 8ull - 1);
    }
    __asm__ volatile("lldt %w0" : : "r"(selector));
}
