/* SPDX-License-Identifier: MIT */
/* What Bochs calls while it executes, chosen when it is compiled (its --enable-instrumentation).
 * Those hooks that the model of a TLB needs call functions of instrument.cc; the others do nothing.
 */
#ifndef BENCH_TLB_BOCHS_INSTRUMENT_H
#define BENCH_TLB_BOCHS_INSTRUMENT_H

#if BX_INSTRUMENTATION

class bxInstruction_c;

/* Before each instruction: the instruction pointer still is its address. */
void pinion_before_instruction(unsigned cpu, bxInstruction_c *instruction);

/* Each access by a linear address that did not fault; one that crosses a page comes as two.
 * access: BX_READ, BX_WRITE or BX_RW. */
void pinion_linear_access(unsigned cpu, bx_address linear, bx_phy_address physical, unsigned length,
                          unsigned access);

/* An instruction that loads CR0, CR3 or CR4, or invalidates translations, after it has checked its
 * operands. operand: the value that is loaded, the address of an INVLPG, or the type of an INVPCID.
 */
void pinion_tlb_control(unsigned cpu, unsigned what, Bit64u operand);

void pinion_exception(unsigned cpu, unsigned vector, unsigned error);
void pinion_start(void);

#define BX_INSTR_BEFORE_EXECUTION(cpu, i) pinion_before_instruction(cpu, i)
#define BX_INSTR_LIN_ACCESS(cpu, linear, physical, length, type, access)                           \
    pinion_linear_access(cpu, linear, physical, length, access)
#define BX_INSTR_TLB_CNTRL(cpu, what, operand) pinion_tlb_control(cpu, what, operand)
#define BX_INSTR_EXCEPTION(cpu, vector, code)  pinion_exception(cpu, vector, code)
#define BX_INSTR_INIT_ENV()                    pinion_start()

#else

#define BX_INSTR_BEFORE_EXECUTION(cpu, i)
#define BX_INSTR_LIN_ACCESS(cpu, linear, physical, length, type, access)
#define BX_INSTR_TLB_CNTRL(cpu, what, operand)
#define BX_INSTR_EXCEPTION(cpu, vector, code)
#define BX_INSTR_INIT_ENV()

#endif

#define BX_INSTR_EXIT_ENV()
#define BX_INSTR_INITIALIZE(cpu)
#define BX_INSTR_EXIT(cpu)
#define BX_INSTR_RESET(cpu, type)
#define BX_INSTR_HLT(cpu)
#define BX_INSTR_MWAIT(cpu, address, length, flags)
#define BX_INSTR_DEBUG_PROMPT()
#define BX_INSTR_DEBUG_CMD(command)
#define BX_INSTR_CNEAR_BRANCH_TAKEN(cpu, from, to)
#define BX_INSTR_CNEAR_BRANCH_NOT_TAKEN(cpu, from)
#define BX_INSTR_UCNEAR_BRANCH(cpu, what, from, to)
#define BX_INSTR_FAR_BRANCH(cpu, what, from_cs, from, to_cs, to)
#define BX_INSTR_OPCODE(cpu, i, bytes, length, is32, is64)
#define BX_INSTR_INTERRUPT(cpu, vector)
#define BX_INSTR_HWINTERRUPT(cpu, vector, cs, ip)
#define BX_INSTR_CLFLUSH(cpu, linear, physical)
#define BX_INSTR_CACHE_CNTRL(cpu, what)
#define BX_INSTR_PREFETCH_HINT(cpu, what, segment, offset)
#define BX_INSTR_AFTER_EXECUTION(cpu, i)
#define BX_INSTR_REPEAT_ITERATION(cpu, i)
#define BX_INSTR_PHY_ACCESS(cpu, physical, length, type, access)
#define BX_INSTR_INP(port, length)
#define BX_INSTR_INP2(port, length, value)
#define BX_INSTR_OUTP(port, length, value)
#define BX_INSTR_WRMSR(cpu, msr, value)
#define BX_INSTR_VMEXIT(cpu, reason, qualification)

#endif
