/* SPDX-License-Identifier: MIT */
/* Executes decoded stores on copies: old value of the destination in; new value, registers and
 * flags out. Without state, as decode.h. */
#ifndef EMULATE_EXECUTE_H
#define EMULATE_EXECUTE_H

#include "hypervisor/emulate/decode.h"
#include "hypervisor/cpu/registers.h"

/* The offset of general register `number` in struct registers. */
u32 register_offset(u32 number);

/* Read and write the low `size` bytes (1, 2, 4 or 8) of general register `number`. A write of 4
 * bytes clears the upper half; a write of 1 or 2 bytes keeps the rest. */
u64 register_read(const struct registers *r, u32 number, u32 size);
void register_write(struct registers *r, u32 number, u32 size, u64 value);

/* The address of the operand_size bytes that a store writes. `base`: the base of the operand's
 * segment. For a bit instruction with its bit offset in a register, the offset is included. */
u64 instruction_address(const struct instruction *in, const struct registers *r, u64 base);

/* The address of the element that a string instruction reads. `base`: the base of the source's
 * segment. */
u64 instruction_source(const struct instruction *in, const struct registers *r, u64 base);

/* True when a repeated string instruction has a count of 0: it does nothing but advance RIP. */
bool instruction_idle(const struct instruction *in, const struct registers *r);

/* Executes a store: returns what it leaves in memory (operand_size bytes) if memory held `old`, and
 * changes registers and flags accordingly, but not RIP. `source`: the element that MOVS has read;
 * else unused. */
u64 instruction_execute(const struct instruction *in, struct registers *r, u64 old, u64 source);

/* True when, for every value `old` of the destination, the store leaves (old & *keep) ^ *flip. */
bool instruction_is_bitwise(const struct instruction *in, const struct registers *r, u64 source,
                            u64 *keep, u64 *flip);

/* Sets registers and flags after a store for which instruction_is_bitwise was true: it found `old`
 * and left `new`; bits above the operand's size are ignored. */
void instruction_set_results(const struct instruction *in, struct registers *r, u64 old, u64 new);

/* Sets the flags as AND, OR and XOR do with a result of `size` bytes, the low ones of `result`. */
void flags_set_logical(struct registers *r, u64 result, u32 size);

/* The registers that instruction_execute may change, saved before it and restored if the store is
 * not done. */
struct kept_registers {
    u64 rflags, rax, rdx, operand;
};
struct kept_registers registers_keep(const struct instruction *in, const struct registers *r);
void registers_restore(const struct instruction *in, struct registers *r,
                       const struct kept_registers *kept);

/* Completes an instruction, or one element of a string instruction (its pointers and count change):
 * RIP moves behind the instruction unless another element follows. */
void instruction_advance(const struct instruction *in, struct registers *r);

#endif
