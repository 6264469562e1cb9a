/* SPDX-License-Identifier: MIT */
/* The hooks of instrument.h: passes what Bochs executes to the observer. */
#include "bochs.h"
#include "cpu/cpu.h"
#include "cpu/decoder/ia_opcodes.h"
#include "memory/memory-bochs.h"

extern "C" {
#include "bench/markers.h"
#include "bench/tlb/observer.h"
}

#define MARKER_LENGTH 7u
#define PAGE_FAULT    14u

static Bit64u loaded_cr3;           /* the operand of the last MOV to CR3, as the program had it */
static bx_phy_address last_physical; /* of the last access to memory */

static u64 read_memory(u64 physical)
{
    const Bit8u *host = BX_MEM(0)->getHostMemAddr(BX_CPU(0), physical, BX_READ);
    u64 value = 0;

    if (host) {
        memcpy(&value, host, sizeof(value));
    }
    return value;
}

void pinion_start(void)
{
    observer_start(read_memory);
}

void pinion_before_instruction(unsigned cpu, bxInstruction_c *instruction)
{
    unsigned opcode = instruction->getIaOpcode();

    if (opcode == BX_IA_NOP && instruction->ilen() == MARKER_LENGTH &&
        ((Bit32u)instruction->displ32s() & MARKER_MASK) == MARKER) {
        observer_marker((Bit32u)instruction->displ32s() & ~MARKER_MASK);
    } else if (opcode == BX_IA_MOV_CR3Rq) {
        /* Bochs clears bit 63 before it calls pinion_tlb_control(). */
        loaded_cr3 = BX_CPU(cpu)->get_reg64(instruction->src());
    }
    observer_instruction(BX_CPU(cpu)->get_instruction_pointer(), instruction->ilen());
}

void pinion_linear_access(unsigned cpu, bx_address linear, bx_phy_address physical, unsigned length,
                          unsigned access)
{
    last_physical = physical;
    observer_access(access == BX_READ ? TLB_LOAD : TLB_STORE, linear, physical);
}

void pinion_tlb_control(unsigned cpu, unsigned what, Bit64u operand)
{
    struct tlb *tlb = observer_tlb();

    switch (what) {
    case BX_INSTR_MOV_CR0:
        tlb_load_cr0(tlb, operand);
        observer_invalidated(OBSERVER_CR0);
        break;
    case BX_INSTR_MOV_CR3:
        tlb_load_cr3(tlb, BX_CPU(cpu)->long64_mode() ? loaded_cr3 : operand);
        observer_invalidated(OBSERVER_CR3);
        break;
    case BX_INSTR_MOV_CR4:
        tlb_load_cr4(tlb, operand);
        observer_invalidated(OBSERVER_CR4);
        break;
    case BX_INSTR_INVLPG:
        tlb_invlpg(tlb, operand);
        observer_invalidated(OBSERVER_INVLPG);
        break;
    case BX_INSTR_INVPCID:
        /* Its descriptor of 16 bytes, the PCID and the address, was the last access to memory. */
        tlb_invpcid(tlb, (enum tlb_invpcid)operand, read_memory(last_physical),
                    read_memory(last_physical + 8));
        observer_invalidated(OBSERVER_INVPCID);
        break;
    }
}

void pinion_exception(unsigned cpu, unsigned vector, unsigned error)
{
    if (vector == PAGE_FAULT) {
        tlb_page_fault(observer_tlb(), BX_CPU(cpu)->cr2, error);
        observer_invalidated(OBSERVER_FAULT);
    }
}
