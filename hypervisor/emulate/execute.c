/* SPDX-License-Identifier: MIT */
/* Executes decoded stores on copies of the operands. */
#include "hypervisor/emulate/execute.h"

#define RESULT_FLAGS (RFLAGS_PF | RFLAGS_ZF | RFLAGS_SF)

static const u8 register_offsets[16] = {
    offsetof(struct registers, rax), offsetof(struct registers, rcx),
    offsetof(struct registers, rdx), offsetof(struct registers, rbx),
    offsetof(struct registers, rsp), offsetof(struct registers, rbp),
    offsetof(struct registers, rsi), offsetof(struct registers, rdi),
    offsetof(struct registers, r8),  offsetof(struct registers, r9),
    offsetof(struct registers, r10), offsetof(struct registers, r11),
    offsetof(struct registers, r12), offsetof(struct registers, r13),
    offsetof(struct registers, r14), offsetof(struct registers, r15),
};

static u64 mask_of(u32 size)
{
    return ~0ull >> (64 - 8 * size);
}

static u64 sign_of(u32 size)
{
    return 1ull << (8 * size - 1);
}

static u64 sign_extend(u64 value, u32 size)
{
    return (u64)((s64)(value << (64 - 8 * size)) >> (64 - 8 * size));
}

u32 register_offset(u32 number)
{
    return register_offsets[number & 15];
}

static u64 *register_at(struct registers *r, u32 number)
{
    return (u64 *)((char *)r + register_offset(number));
}

u64 register_read(const struct registers *r, u32 number, u32 size)
{
    return *register_at((struct registers *)r, number) & mask_of(size);
}

void register_write(struct registers *r, u32 number, u32 size, u64 value)
{
    u64 *at = register_at(r, number), mask = mask_of(size);

    *at = size >= 4 ? value & mask : (*at & ~mask) | (value & mask);
}

struct kept_registers registers_keep(const struct instruction *in, const struct registers *r)
{
    return (struct kept_registers){r->rflags, r->rax, r->rdx, register_read(r, in->reg, 8)};
}

void registers_restore(const struct instruction *in, struct registers *r,
                       const struct kept_registers *kept)
{
    *register_at(r, in->reg) = kept->operand;
    r->rflags = kept->rflags;
    r->rax = kept->rax;
    r->rdx = kept->rdx;
}

static u64 operand_read(const struct instruction *in, const struct registers *r)
{
    if (in->high_byte) {
        return register_read(r, in->reg, 2) >> 8;
    }
    return register_read(r, in->reg, in->operand_size);
}

static void operand_write(const struct instruction *in, struct registers *r, u64 value)
{
    if (in->high_byte) {
        register_write(r, in->reg, 2, register_read(r, in->reg, 1) | value << 8);
    } else {
        register_write(r, in->reg, in->operand_size, value);
    }
}

/* ---- addresses --------------------------------------------------------------------------- */

static bool is_bit_operation(const struct instruction *in)
{
    return in->operation >= OPERATION_BTS && in->operation <= OPERATION_BTC;
}

static u64 linear(const struct instruction *in, u64 offset, u64 base)
{
    u64 address = (offset & mask_of(in->address_size)) + base;

    return in->long_mode ? address : address & mask_of(4);
}

u64 instruction_address(const struct instruction *in, const struct registers *r, u64 base)
{
    u64 offset = in->displacement;

    if (in->base < REGISTER_RIP) {
        offset += register_read(r, in->base, 8);
    } else if (in->base == REGISTER_RIP) {
        offset += r->rip + in->length;
    }
    if (in->index != REGISTER_NONE) {
        offset += register_read(r, in->index, 8) * in->scale;
    }
    if (is_bit_operation(in) && in->source == SOURCE_REGISTER) {
        s64 bit = (s64)sign_extend(operand_read(in, r), in->operand_size);

        offset += (u64)(bit >> (in->operand_size == 8   ? 6
                                : in->operand_size == 4 ? 5
                                                        : 4)) *
                  in->operand_size;
    }
    return linear(in, offset, base);
}

u64 instruction_source(const struct instruction *in, const struct registers *r, u64 base)
{
    return linear(in, r->rsi, base);
}

/* ---- string instructions: one element at a time */

static bool is_string(const struct instruction *in)
{
    return in->operation >= OPERATION_INS && in->operation <= OPERATION_MOVS;
}

bool instruction_idle(const struct instruction *in, const struct registers *r)
{
    return in->repeat && register_read(r, REGISTER_RCX, in->address_size) == 0;
}

static void step(const struct instruction *in, struct registers *r, u32 number)
{
    u64 by = r->rflags & RFLAGS_DF ? -(u64)in->operand_size : in->operand_size;

    register_write(r, number, in->address_size, register_read(r, number, in->address_size) + by);
}

void instruction_advance(const struct instruction *in, struct registers *r)
{
    if (is_string(in) && !instruction_idle(in, r)) {
        if (in->operation != OPERATION_OUTS) {
            step(in, r, REGISTER_RDI);
        }
        if (in->operation == OPERATION_OUTS || in->operation == OPERATION_MOVS) {
            step(in, r, REGISTER_RSI);
        }
        if (in->repeat) {
            u64 left = register_read(r, REGISTER_RCX, in->address_size) - 1;

            register_write(r, REGISTER_RCX, in->address_size, left);
            if (left) {
                return;
            }
        }
    }
    r->rip += in->length;
    if (!in->long_mode) {
        r->rip &= mask_of(4);
    }
    r->rflags &= ~RFLAGS_RF;
}

/* ---- values ------------------------------------------------------------------------------ */

static void set_flags(struct registers *r, u64 which, u64 value)
{
    r->rflags = (r->rflags & ~which) | (value & which);
}

/* The flags ZF, SF and PF of a result of `size` bytes. */
static u64 flags_of(u64 result, u32 size)
{
    u64 flags = 0;

    if (result == 0) {
        flags |= RFLAGS_ZF;
    }
    if (result & sign_of(size)) {
        flags |= RFLAGS_SF;
    }
    if (!__builtin_parity((u32)result & 0xff)) {
        flags |= RFLAGS_PF;
    }
    return flags;
}

void flags_set_logical(struct registers *r, u64 result, u32 size)
{
    set_flags(r, RFLAGS_ARITHMETIC, flags_of(result & mask_of(size), size));
}

static u64 add(u64 a, u64 b, u64 carry, u32 size, u64 *flags)
{
    u64 result = (a + b + carry) & mask_of(size);

    *flags = flags_of(result, size);
    if (result < a || (carry && result == a)) {
        *flags |= RFLAGS_CF;
    }
    if ((a ^ b ^ result) & 0x10) {
        *flags |= RFLAGS_AF;
    }
    if ((a ^ result) & (b ^ result) & sign_of(size)) {
        *flags |= RFLAGS_OF;
    }
    return result;
}

static u64 subtract(u64 a, u64 b, u64 borrow, u32 size, u64 *flags)
{
    u64 result = (a - b - borrow) & mask_of(size);

    *flags = flags_of(result, size);
    if (a < b || (borrow && a == b)) {
        *flags |= RFLAGS_CF;
    }
    if ((a ^ b ^ result) & 0x10) {
        *flags |= RFLAGS_AF;
    }
    if ((a ^ b) & (a ^ result) & sign_of(size)) {
        *flags |= RFLAGS_OF;
    }
    return result;
}

static u64 execute_arithmetic(const struct instruction *in, struct registers *r, u64 old, u64 b)
{
    u64 carry = r->rflags & RFLAGS_CF, value, flags = 0, changed = RFLAGS_ARITHMETIC;
    u32 size = in->operand_size;

    switch (in->operation) {
    case OPERATION_INC:
        changed &= ~RFLAGS_CF;
        value = add(old, 1, 0, size, &flags);
        break;
    case OPERATION_DEC:
        changed &= ~RFLAGS_CF;
        value = subtract(old, 1, 0, size, &flags);
        break;
    case OPERATION_NEG:
        value = subtract(0, old, 0, size, &flags);
        break;
    case OPERATION_ADD:
        value = add(old, b, 0, size, &flags);
        break;
    case OPERATION_ADC:
        value = add(old, b, carry, size, &flags);
        break;
    case OPERATION_SUB:
        value = subtract(old, b, 0, size, &flags);
        break;
    case OPERATION_SBB:
        value = subtract(old, b, carry, size, &flags);
        break;
    default:
        value = in->operation == OPERATION_OR    ? old | b
                : in->operation == OPERATION_AND ? old & b
                                                 : old ^ b;
        flags = flags_of(value, size);
    }
    set_flags(r, changed, flags);
    return value;
}

static u64 execute_bit(const struct instruction *in, struct registers *r, u64 old, u64 b)
{
    u64 bit = 1ull << (b & (8u * in->operand_size - 1));

    set_flags(r, RFLAGS_CF, old & bit ? RFLAGS_CF : 0);
    if (in->operation == OPERATION_BTS) {
        return old | bit;
    }
    return in->operation == OPERATION_BTR ? old & ~bit : old ^ bit;
}

static u64 execute_xadd(const struct instruction *in, struct registers *r, u64 old, u64 b)
{
    u64 flags, value = add(old, b, 0, in->operand_size, &flags);

    operand_write(in, r, old);
    set_flags(r, RFLAGS_ARITHMETIC, flags);
    return value;
}

static u64 execute_cmpxchg(const struct instruction *in, struct registers *r, u64 old, u64 b)
{
    u64 flags, expected = register_read(r, REGISTER_RAX, in->operand_size);

    subtract(expected, old, 0, in->operand_size, &flags);
    set_flags(r, RFLAGS_ARITHMETIC, flags);
    if (expected == old) {
        return b;
    }
    register_write(r, REGISTER_RAX, in->operand_size, old);
    return old;
}

static u64 execute_cmpxchg8b(struct registers *r, u64 old)
{
    bool same = old == ((r->rdx & mask_of(4)) << 32 | (r->rax & mask_of(4)));

    set_flags(r, RFLAGS_ZF, same ? RFLAGS_ZF : 0);
    if (same) {
        return (r->rcx & mask_of(4)) << 32 | (r->rbx & mask_of(4));
    }
    r->rax = old & mask_of(4);
    r->rdx = old >> 32;
    return old;
}

/* The value of the source operand; `source`: that of an operand in memory. */
static u64 operand(const struct instruction *in, const struct registers *r, u64 source)
{
    if (in->source == SOURCE_REGISTER) {
        return operand_read(in, r);
    }
    return (in->source == SOURCE_IMMEDIATE ? in->immediate : source) & mask_of(in->operand_size);
}

bool instruction_is_bitwise(const struct instruction *in, const struct registers *r, u64 source,
                            u64 *keep, u64 *flip)
{
    u64 mask = mask_of(in->operand_size), b = operand(in, r, source);

    *keep = mask;
    *flip = b;
    switch (in->operation) {
    case OPERATION_MOV:
    case OPERATION_STOS:
    case OPERATION_MOVS:
    case OPERATION_XCHG:
        *keep = 0;
        return true;
    case OPERATION_AND:
        *keep = b;
        *flip = 0;
        return true;
    case OPERATION_OR:
        *keep = mask & ~b;
        return true;
    case OPERATION_XOR:
        return true;
    case OPERATION_NOT:
        *flip = mask;
        return true;
    }
    return false;
}

void instruction_set_results(const struct instruction *in, struct registers *r, u64 old, u64 new)
{
    u64 mask = mask_of(in->operand_size);

    if (in->operation == OPERATION_XCHG) {
        operand_write(in, r, old & mask);
    }
    if (in->operation == OPERATION_AND || in->operation == OPERATION_OR ||
        in->operation == OPERATION_XOR) {
        flags_set_logical(r, new, in->operand_size);
    }
}

u64 instruction_execute(const struct instruction *in, struct registers *r, u64 old, u64 source)
{
    u64 mask = mask_of(in->operand_size), b = operand(in, r, source);

    old &= mask;
    switch (in->operation) {
    case OPERATION_MOV:
    case OPERATION_STOS:
    case OPERATION_MOVS:
        return b;
    case OPERATION_XCHG:
        operand_write(in, r, old);
        return b;
    case OPERATION_NOT:
        return ~old & mask;
    case OPERATION_BTS:
    case OPERATION_BTR:
    case OPERATION_BTC:
        return execute_bit(in, r, old, b);
    case OPERATION_XADD:
        return execute_xadd(in, r, old, b);
    case OPERATION_CMPXCHG:
        return execute_cmpxchg(in, r, old, b);
    case OPERATION_CMPXCHG8B:
        return execute_cmpxchg8b(r, old);
    }
    return execute_arithmetic(in, r, old, b);
}
