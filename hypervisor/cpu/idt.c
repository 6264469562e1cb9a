/* SPDX-License-Identifier: MIT */
/* The interrupt descriptor tables: the same for all CPUs, and one for CPUs that trace all. */
#include "hypervisor/cpu/cpu.h"
#include "hypervisor/cpu/segments.h"
#include "hypervisor/cpu/entry.h"
#include "hypervisor/cpu/registers.h"
#include "lib/x86/descriptor.h"

static struct {
    struct gate gate[256];
} idt __attribute__((aligned(4096))), traced_idt __attribute__((aligned(4096)));

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

static struct gate gate_to(u64 stub, u32 vector)
{
    return (struct gate){
        .offset_low = (u16)stub,
        .selector = SELECTOR_CODE,
        .type = gate_type(vector),
        .offset_middle = (u16)(stub >> 16),
        .offset_high = (u32)(stub >> 32),
    };
}

void idt_start(void)
{
    for (u32 vector = 0; vector < 256; vector++) {
        idt.gate[vector] = gate_to(entry_stubs[vector], vector);
    }
    traced_idt = idt;
    traced_idt.gate[VECTOR_PF] = gate_to((u64)page_fault_traced, VECTOR_PF);
    traced_idt.gate[VECTOR_GP] = gate_to((u64)protection_traced, VECTOR_GP);
}

void idt_load(bool traced)
{
    struct table_pointer pointer = {sizeof idt.gate - 1, (u64)(traced ? &traced_idt : &idt)};

    __asm__ volatile("lidt %0" : : "m"(pointer));
}
