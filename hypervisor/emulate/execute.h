/* SPDX-License-Identifier: MIT */
/* Executes decoded stores on copies: old value in, new value, registers and flags out.
 *
 * Pure, as decode.h. */
#ifndef EMULATE_EXECUTE_H
#define EMULATE_EXECUTE_H

#include "hypervisor/emulate/decode.h"
#include "hypervisor/cpu/registers.h"

/* The low `size` bytes (1, 2, 4, 8) of a general register. A write of 4 bytes clears the upper
 * half, one of 1 or 2 keeps the rest. */
u64 register_read(const struct registers *r, u32 number, u32 size);
void register_write(struct registers *r, u32 number, u32 size, u64 value);

/* The address, `base` being that of its segment, that a store writes at: operand_size bytes. A bit
 * offset in a register moves it. */
u64 instruction_address(const struct instruction *in, const struct registers *r, u64 base);

/* The same for what a string instruction reads. */
u64 instruction_source(const struct instruction *in, const struct registers *r, u64 base);

/* True when a repeated string instruction has no round left: nothing but RIP moves. */
bool instruction_idle(const struct instruction *in, const struct registers *r);

/* What a store leaves in memory, of operand_size bytes, where it found `old`; `source`: the element
 * that MOVS read. Registers and flags change with it; RIP stays. */
u64 instruction_execute(const struct instruction *in, struct registers *r, u64 old, u64 source);

/* True if it leaves (old & *keep) ^ *flip, whatever `old` is. */
bool instruction_is_bitwise(const struct instruction *in, const struct registers *r, u64 source,
                            u64 *keep, u64 *flip);

/* Registers and flags after such an instruction: it found `old` and left `new`, of which higher
 * bits do not count. */
void instruction_settle(const struct instruction *in, struct registers *r, u64 old, u64 new);

/* What instruction_execute may change, to be put back. */
struct kept_registers {
    u64 rflags, rax, rdx, operand;
};
struct kept_registers registers_keep(const struct instruction *in, const struct registers *r);
void registers_restore(const struct instruction *in, struct registers *r,
                       const struct kept_registers *kept);

/* Ends an instruction, or one round of a string instruction (whose pointers and count move): RIP
 * moves on unless another round follows. */
void instruction_advance(const struct instruction *in, struct registers *r);

#endif
