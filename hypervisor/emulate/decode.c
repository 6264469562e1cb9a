/* SPDX-License-Identifier: MIT */
/* Decodes the few instructions that the hypervisor executes for a guest. */
#include "hypervisor/emulate/decode.h"

enum {
    BYTE = 1 << 0,        /* 8-bit operands */
    MEMORY = 1 << 1,      /* ModRM names the destination in memory */
    REGISTER = 1 << 2,    /* the other operand is the register that ModRM.reg names */
    ACCUMULATOR = 1 << 3, /* the other operand is AL, AX, EAX or RAX */
    IMM8 = 1 << 4,        /* the other operand is a signed 8-bit immediate */
    IMM =
        1 << 5, /* the other operand is a signed immediate of the operand's size, at most 32 bits */
    NUMBER = 1 << 6, /* an unsigned byte follows: a port, vector or bit number */
    OFFSET = 1 << 7, /* the address of the destination follows the opcode */
    STRING = 1 << 8,
    GROUP = 1 << 9,    /* ModRM.reg chooses the operation; `operation` is the number of the group */
    SPECIAL = 1 << 10, /* ModRM names a control or debug register and a general register */
    LOCKABLE = 1 << 11,
    PLAIN = 1 << 12, /* with prefix 66, F2 or F3: another instruction, which is refused */
    PORT = 1 << 13,  /* a port instruction: operands have at most 32 bits, even with REX.W */
};

struct form {
    u8 operation;
    u16 flags;
};

enum { GROUP_ARITHMETIC, GROUP_MOV, GROUP_UNARY, GROUP_STEP, GROUP_BIT, GROUP_CMPXCHG, GROUPS };

static const u8 groups[GROUPS][8] = {
    [GROUP_ARITHMETIC] = {OPERATION_ADD, OPERATION_OR, OPERATION_ADC, OPERATION_SBB, OPERATION_AND,
                          OPERATION_SUB, OPERATION_XOR},
    [GROUP_MOV] = {OPERATION_MOV},
    [GROUP_UNARY] = {[2] = OPERATION_NOT, [3] = OPERATION_NEG},
    [GROUP_STEP] = {OPERATION_INC, OPERATION_DEC},
    [GROUP_BIT] = {[5] = OPERATION_BTS, [6] = OPERATION_BTR, [7] = OPERATION_BTC},
    [GROUP_CMPXCHG] = {[1] = OPERATION_CMPXCHG8B},
};

#define STORE (MEMORY | REGISTER | LOCKABLE)
#define ARITHMETIC(opcode, name)                                                                   \
    [opcode] = {OPERATION_##name, STORE | BYTE}, [(opcode) + 1] = {OPERATION_##name, STORE}

static const struct form one_byte[256] = {
    ARITHMETIC(0x00, ADD),
    ARITHMETIC(0x08, OR),
    ARITHMETIC(0x10, ADC),
    ARITHMETIC(0x18, SBB),
    ARITHMETIC(0x20, AND),
    ARITHMETIC(0x28, SUB),
    ARITHMETIC(0x30, XOR),
    [0x6c] = {OPERATION_INS, STRING | PORT | BYTE},
    [0x6d] = {OPERATION_INS, STRING | PORT},
    [0x6e] = {OPERATION_OUTS, STRING | PORT | BYTE},
    [0x6f] = {OPERATION_OUTS, STRING | PORT},
    [0x80] = {GROUP_ARITHMETIC, GROUP | MEMORY | IMM | LOCKABLE | BYTE},
    [0x81] = {GROUP_ARITHMETIC, GROUP | MEMORY | IMM | LOCKABLE},
    [0x82] = {GROUP_ARITHMETIC,
              GROUP | MEMORY | IMM | LOCKABLE | BYTE}, /* valid in 32-bit code only */
    [0x83] = {GROUP_ARITHMETIC, GROUP | MEMORY | IMM8 | LOCKABLE},
    [0x86] = {OPERATION_XCHG, STORE | BYTE},
    [0x87] = {OPERATION_XCHG, STORE},
    [0x88] = {OPERATION_MOV, MEMORY | REGISTER | BYTE},
    [0x89] = {OPERATION_MOV, MEMORY | REGISTER},
    [0xa2] = {OPERATION_MOV, OFFSET | ACCUMULATOR | BYTE},
    [0xa3] = {OPERATION_MOV, OFFSET | ACCUMULATOR},
    [0xa4] = {OPERATION_MOVS, STRING | BYTE},
    [0xa5] = {OPERATION_MOVS, STRING},
    [0xaa] = {OPERATION_STOS, STRING | ACCUMULATOR | BYTE},
    [0xab] = {OPERATION_STOS, STRING | ACCUMULATOR},
    [0xc6] = {GROUP_MOV, GROUP | MEMORY | IMM | BYTE},
    [0xc7] = {GROUP_MOV, GROUP | MEMORY | IMM},
    [0xcd] = {OPERATION_INT, NUMBER},
    [0xe4] = {OPERATION_IN, NUMBER | PORT | BYTE},
    [0xe5] = {OPERATION_IN, NUMBER | PORT},
    [0xe6] = {OPERATION_OUT, NUMBER | PORT | BYTE},
    [0xe7] = {OPERATION_OUT, NUMBER | PORT},
    [0xec] = {OPERATION_IN, PORT | BYTE},
    [0xed] = {OPERATION_IN, PORT},
    [0xee] = {OPERATION_OUT, PORT | BYTE},
    [0xef] = {OPERATION_OUT, PORT},
    [0xf4] = {OPERATION_HLT, 0},
    [0xf6] = {GROUP_UNARY, GROUP | MEMORY | LOCKABLE | BYTE},
    [0xf7] = {GROUP_UNARY, GROUP | MEMORY | LOCKABLE},
    [0xfa] = {OPERATION_CLI, 0},
    [0xfb] = {OPERATION_STI, 0},
    [0xfe] = {GROUP_STEP, GROUP | MEMORY | LOCKABLE | BYTE},
    [0xff] = {GROUP_STEP, GROUP | MEMORY | LOCKABLE},
};

/* The opcodes that follow the byte 0F. */
static const struct form two_byte[256] = {
    [0x06] = {OPERATION_CLTS, 0},
    [0x09] = {OPERATION_WBINVD, 0},
    [0x20] = {OPERATION_READ_CR, SPECIAL},
    [0x21] = {OPERATION_READ_DR, SPECIAL},
    [0x22] = {OPERATION_WRITE_CR, SPECIAL},
    [0x23] = {OPERATION_WRITE_DR, SPECIAL},
    [0x30] = {OPERATION_WRMSR, 0},
    [0x31] = {OPERATION_RDTSC, 0},
    [0x32] = {OPERATION_RDMSR, 0},
    [0xa2] = {OPERATION_CPUID, 0},
    [0xab] = {OPERATION_BTS, STORE},
    [0xb0] = {OPERATION_CMPXCHG, STORE | BYTE},
    [0xb1] = {OPERATION_CMPXCHG, STORE},
    [0xb3] = {OPERATION_BTR, STORE},
    [0xba] = {GROUP_BIT, GROUP | MEMORY | NUMBER | LOCKABLE},
    [0xbb] = {OPERATION_BTC, STORE},
    [0xc0] = {OPERATION_XADD, STORE | BYTE},
    [0xc1] = {OPERATION_XADD, STORE},
    [0xc3] = {OPERATION_MOV, MEMORY | REGISTER | PLAIN},
    [0xc7] = {GROUP_CMPXCHG, GROUP | MEMORY | LOCKABLE},
};

/* The bytes of an instruction, how many of them have been read (`at`), and which prefixes were
 * among them. */
struct cursor {
    const u8 *bytes;
    u32 size, at;
    bool ended; /* more bytes were needed than there are */
    bool operand16, address_override, lock, repeat;
    u8 segment, rex;
};

#define REX_W 8u
#define REX_R 4u
#define REX_X 2u
#define REX_B 1u

/* Reads the next `count` bytes as a little-endian number, sign-extended; 0 if there are not so
 * many, and `ended` is set. */
static u64 take_signed(struct cursor *c, u32 count)
{
    u64 value = 0;

    if (c->size - c->at < count) {
        c->ended = true;
        return 0;
    }
    for (u32 i = 0; i < count; i++) {
        value |= (u64)c->bytes[c->at++] << (8 * i);
    }
    return (u64)((s64)(value << (64 - 8 * count)) >> (64 - 8 * count));
}

static u8 take_byte(struct cursor *c)
{
    return (u8)take_signed(c, 1);
}

/* True when `byte` is a legacy prefix; its effect is recorded in the cursor. */
static bool take_prefix(struct cursor *c, u8 byte, bool long_mode)
{
    switch (byte) {
    case 0x66:
        c->operand16 = true;
        return true;
    case 0x67:
        c->address_override = true;
        return true;
    case 0xf0:
        c->lock = true;
        return true;
    case 0xf2:
    case 0xf3:
        c->repeat = true;
        return true;
    case 0x64:
        c->segment = SEGMENT_FS;
        return true;
    case 0x65:
        c->segment = SEGMENT_GS;
        return true;
    case 0x26:
    case 0x2e:
    case 0x36:
    case 0x3e:
        if (!long_mode) { /* 64-bit code ignores these prefixes, even after FS or GS */
            c->segment = SEGMENT_FLAT;
        }
        return true;
    }
    return false;
}

/* Reads all prefixes and returns the byte after them. A REX prefix takes effect only if the opcode
 * follows immediately. */
static u8 take_prefixes(struct cursor *c, bool long_mode)
{
    for (;;) {
        u8 byte = take_byte(c);

        if (c->ended) {
            return 0;
        }
        if (take_prefix(c, byte, long_mode)) {
            c->rex = 0;
        } else if (long_mode && (byte & 0xf0) == 0x40) {
            c->rex = byte;
        } else {
            return byte;
        }
    }
}

static u8 extend(const struct cursor *c, u32 number, u32 rex_bit)
{
    return (u8)(number | (c->rex & rex_bit ? 8 : 0));
}

static void decode_sib(struct cursor *c, u32 mod, struct instruction *in)
{
    u8 sib = take_byte(c);

    in->index = extend(c, sib >> 3 & 7, REX_X);
    if (in->index == REGISTER_RSP) { /* this encoding means that there is no index register */
        in->index = REGISTER_NONE;
    } else {
        in->scale = (u8)(1 << (sib >> 6));
    }
    in->base = extend(c, sib & 7, REX_B);
    if ((sib & 7) == REGISTER_RBP && mod == 0) {
        in->base = REGISTER_NONE;
        in->displacement = take_signed(c, 4);
    }
}

static bool decode_memory(struct cursor *c, u8 modrm, struct instruction *in)
{
    u32 mod = modrm >> 6, rm = modrm & 7;

    if (mod == 3 || in->address_size == 2) {
        return false;
    }
    in->segment = c->segment;
    if (rm == 4) {
        decode_sib(c, mod, in);
    } else if (rm == 5 && mod == 0) {
        in->base = in->long_mode ? REGISTER_RIP : REGISTER_NONE;
        in->displacement = take_signed(c, 4);
    } else {
        in->base = extend(c, rm, REX_B);
    }
    if (mod) {
        in->displacement = take_signed(c, mod == 1 ? 1 : 4);
    }
    return true;
}

static void set_register(const struct cursor *c, struct instruction *in, u8 modrm)
{
    in->source = SOURCE_REGISTER;
    in->reg = extend(c, modrm >> 3 & 7, REX_R);
    if (in->operand_size == 1 && !c->rex && in->reg >= 4) {
        in->reg -= 4;
        in->high_byte = true;
    }
}

static bool decode_special(const struct cursor *c, u8 modrm, struct instruction *in)
{
    static const u16 registers[2] = {1 << 0 | 1 << 2 | 1 << 3 | 1 << 4 | 1 << 8, 0xff};
    bool debug = in->operation == OPERATION_READ_DR || in->operation == OPERATION_WRITE_DR;

    in->operand_size = in->long_mode ? 8 : 4;
    in->reg = extend(c, modrm >> 3 & 7, REX_R);
    in->general = extend(c, modrm & 7, REX_B);
    return registers[debug] >> in->reg & 1;
}

static bool decode_modrm(struct cursor *c, u16 flags, struct instruction *in)
{
    u8 modrm;

    if (!(flags & (MEMORY | SPECIAL))) {
        return true;
    }
    modrm = take_byte(c);
    if (flags & SPECIAL) {
        return decode_special(c, modrm, in);
    }
    if (flags & GROUP) {
        in->operation = groups[in->operation][modrm >> 3 & 7];
    }
    if (in->operation == OPERATION_CMPXCHG8B) {
        if (c->rex & REX_W) {
            return false;
        }
        in->operand_size = 8;
    }
    if (flags & REGISTER) {
        set_register(c, in, modrm);
    }
    return in->operation != OPERATION_UNKNOWN && decode_memory(c, modrm, in);
}

static bool decode_operands(struct cursor *c, u16 flags, struct instruction *in)
{
    if (!decode_modrm(c, flags, in)) {
        return false;
    }
    if (flags & STRING) {
        if (in->address_size == 2 && !(flags & PORT)) {
            return false;
        }
        in->base = in->operation == OPERATION_OUTS ? REGISTER_NONE : REGISTER_RDI;
        in->source_segment = c->segment;
        in->repeat = c->repeat;
        if (in->operation == OPERATION_MOVS) {
            in->source = SOURCE_MEMORY;
        }
    }
    if (flags & ACCUMULATOR) {
        in->source = SOURCE_REGISTER;
    }
    if (flags & OFFSET) {
        if (in->address_size == 2) {
            return false;
        }
        in->segment = c->segment;
        in->displacement = take_signed(c, in->address_size);
    }
    if (flags & (IMM | IMM8 | NUMBER)) {
        u32 size = flags & IMM ? in->operand_size : 1;

        in->source = SOURCE_IMMEDIATE;
        in->immediate = take_signed(c, size > 4 ? 4 : size);
        if (flags & NUMBER) {
            in->immediate &= 0xff;
        }
    }
    return true;
}

static struct form take_form(struct cursor *c, u8 byte, bool long_mode)
{
    struct form unknown = {OPERATION_UNKNOWN, 0};

    if (byte != 0x0f) {
        return byte == 0x82 && long_mode ? unknown : one_byte[byte];
    }
    byte = take_byte(c);
    if (byte != 0x01) {
        return two_byte[byte];
    }
    switch (take_byte(c)) {
    case 0xd1:
        return (struct form){OPERATION_XSETBV, PLAIN};
    case 0xf9:
        return (struct form){OPERATION_RDTSCP, 0};
    }
    return unknown;
}

bool instruction_decode(const u8 *bytes, u32 size, bool long_mode, struct instruction *in)
{
    struct cursor c = {.bytes = bytes, .size = size < INSTRUCTION_MAX ? size : INSTRUCTION_MAX};
    u8 byte = take_prefixes(&c, long_mode);
    struct form form = take_form(&c, byte, long_mode);

    *in = (struct instruction){.operation = form.operation,
                               .long_mode = long_mode,
                               .lock = c.lock,
                               .base = REGISTER_NONE,
                               .index = REGISTER_NONE,
                               .scale = 1};
    if (c.ended || (form.operation == OPERATION_UNKNOWN && !(form.flags & GROUP))) {
        return false;
    }
    if ((form.flags & PLAIN && (c.operand16 || c.repeat)) || (c.lock && !(form.flags & LOCKABLE))) {
        return false;
    }
    in->address_size = long_mode ? 8 : 4;
    if (c.address_override) {
        in->address_size /= 2;
    }
    in->operand_size = form.flags & BYTE ? 1 : c.rex & REX_W ? 8 : c.operand16 ? 2 : 4;
    if (form.flags & PORT && in->operand_size == 8) {
        in->operand_size = 4;
    }
    if (!decode_operands(&c, form.flags, in) || c.ended) {
        return false;
    }
    in->length = (u8)c.at;
    return true;
}
