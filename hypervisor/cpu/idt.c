/* SPDX-License-Identifier: MIT */
/* The interrupt descriptor table: the same for all CPUs. */
#include "hypervisor/cpu/cpu.h"
#include "hypervisor/cpu/segments.h"
#include "hypervisor/cpu/entry.h"
#include "hypervisor/cpu/registers.h"
#include "lib/x86/descriptor.h"

static struct {
    struct gate gate[256];
} idt __attribute__((aligned(4096)));

static u16 gate_type(u32 vector)
{
    static const u8 ist[32] = {
        [VECTOR_DB] = IST_DB, [VECTOR_NMI] = IST_NMI, [VECTOR_DF] = IST_DF, [VECTOR_MC] = IST_MC};
    u16 type = GATE_INTERRUPT;

    if (vector < ARRAY_LENGTH(ist)) {
        type |= ist[vector];
    }
    /* Guests, which run in ring 3, may raise these three by an instruction. INT n with any other n
     * is a #GP, which the hypervisor then delivers as the guest's trap table says. */
    if (vector == VECTOR_BP || vector == VECTOR_OF || vector == VECTOR_INT80) {
        type |= GATE_RING_3;
    }
    return type;
}

void idt_start(void)
{
    for (u32 vector = 0; vector < 256; vector++) {
        idt.gate[vector] = (struct gate){
            .offset_low = (u16)entry_stubs[vector],
            .selector = SELECTOR_CODE,
            .type = gate_type(vector),
            .offset_middle = (u16)(entry_stubs[vector] >> 16),
            .offset_high = (u32)(entry_stubs[vector] >> 32),
        };
    }
}

void idt_load(void)
{
    struct table_pointer pointer = {sizeof idt.gate - 1, (u64)idt.gate};

    __asm__ volatile("lidt %0" : : "m"(pointer));
}
