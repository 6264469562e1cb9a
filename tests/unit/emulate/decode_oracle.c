/* SPDX-License-Identifier: MIT */
/* Compares hypervisor/emulate/decode.c with Zydis, for the unit test and for the fuzzer. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <cmocka.h>
#include <Zydis/Zydis.h>
#include "tests/unit/emulate/decode_oracle.h"

struct decode_oracle decode_oracle;

static ZydisDecoder decoders[2]; /* [1] decodes long mode, [0] 32-bit mode */
static u8 *readable_end;         /* end of the page that decode_at_end reads from */

/* ---- Zydis's result as a struct instruction ------------------------------------------------- */

static const struct {
    ZydisMnemonic mnemonic;
    u8 operation;
} mnemonics[] = {
    {ZYDIS_MNEMONIC_IN, OPERATION_IN},           {ZYDIS_MNEMONIC_OUT, OPERATION_OUT},
    {ZYDIS_MNEMONIC_INSB, OPERATION_INS},        {ZYDIS_MNEMONIC_INSW, OPERATION_INS},
    {ZYDIS_MNEMONIC_INSD, OPERATION_INS},        {ZYDIS_MNEMONIC_OUTSB, OPERATION_OUTS},
    {ZYDIS_MNEMONIC_OUTSW, OPERATION_OUTS},      {ZYDIS_MNEMONIC_OUTSD, OPERATION_OUTS},
    {ZYDIS_MNEMONIC_CLTS, OPERATION_CLTS},       {ZYDIS_MNEMONIC_WBINVD, OPERATION_WBINVD},
    {ZYDIS_MNEMONIC_WRMSR, OPERATION_WRMSR},     {ZYDIS_MNEMONIC_RDMSR, OPERATION_RDMSR},
    {ZYDIS_MNEMONIC_RDTSC, OPERATION_RDTSC},     {ZYDIS_MNEMONIC_RDTSCP, OPERATION_RDTSCP},
    {ZYDIS_MNEMONIC_CPUID, OPERATION_CPUID},     {ZYDIS_MNEMONIC_XSETBV, OPERATION_XSETBV},
    {ZYDIS_MNEMONIC_CLI, OPERATION_CLI},         {ZYDIS_MNEMONIC_STI, OPERATION_STI},
    {ZYDIS_MNEMONIC_HLT, OPERATION_HLT},         {ZYDIS_MNEMONIC_INT, OPERATION_INT},
    {ZYDIS_MNEMONIC_MOV, OPERATION_MOV},         {ZYDIS_MNEMONIC_MOVNTI, OPERATION_MOV},
    {ZYDIS_MNEMONIC_ADD, OPERATION_ADD},         {ZYDIS_MNEMONIC_OR, OPERATION_OR},
    {ZYDIS_MNEMONIC_ADC, OPERATION_ADC},         {ZYDIS_MNEMONIC_SBB, OPERATION_SBB},
    {ZYDIS_MNEMONIC_AND, OPERATION_AND},         {ZYDIS_MNEMONIC_SUB, OPERATION_SUB},
    {ZYDIS_MNEMONIC_XOR, OPERATION_XOR},         {ZYDIS_MNEMONIC_INC, OPERATION_INC},
    {ZYDIS_MNEMONIC_DEC, OPERATION_DEC},         {ZYDIS_MNEMONIC_NOT, OPERATION_NOT},
    {ZYDIS_MNEMONIC_NEG, OPERATION_NEG},         {ZYDIS_MNEMONIC_BTS, OPERATION_BTS},
    {ZYDIS_MNEMONIC_BTR, OPERATION_BTR},         {ZYDIS_MNEMONIC_BTC, OPERATION_BTC},
    {ZYDIS_MNEMONIC_XCHG, OPERATION_XCHG},       {ZYDIS_MNEMONIC_XADD, OPERATION_XADD},
    {ZYDIS_MNEMONIC_CMPXCHG, OPERATION_CMPXCHG}, {ZYDIS_MNEMONIC_CMPXCHG8B, OPERATION_CMPXCHG8B},
    {ZYDIS_MNEMONIC_STOSB, OPERATION_STOS},      {ZYDIS_MNEMONIC_STOSW, OPERATION_STOS},
    {ZYDIS_MNEMONIC_STOSD, OPERATION_STOS},      {ZYDIS_MNEMONIC_STOSQ, OPERATION_STOS},
    {ZYDIS_MNEMONIC_MOVSB, OPERATION_MOVS},      {ZYDIS_MNEMONIC_MOVSW, OPERATION_MOVS},
    {ZYDIS_MNEMONIC_MOVSD, OPERATION_MOVS},      {ZYDIS_MNEMONIC_MOVSQ, OPERATION_MOVS},
};

struct oracle {
    ZydisDecodedInstruction in;
    ZydisDecodedOperand operand[ZYDIS_MAX_OPERAND_COUNT];
};

static u8 number_of(ZydisRegister r)
{
    if (r == ZYDIS_REGISTER_NONE) {
        return REGISTER_NONE;
    }
    if (ZydisRegisterGetClass(r) == ZYDIS_REGCLASS_IP) {
        return REGISTER_RIP;
    }
    return (u8)ZydisRegisterGetId(r);
}

static u8 segment_of(ZydisRegister r)
{
    return r == ZYDIS_REGISTER_FS ? SEGMENT_FS : r == ZYDIS_REGISTER_GS ? SEGMENT_GS : SEGMENT_FLAT;
}

static void set_memory(struct instruction *in, const ZydisDecodedOperand *operand)
{
    in->base = number_of(operand->mem.base);
    in->index = number_of(operand->mem.index);
    in->scale = operand->mem.scale ? operand->mem.scale : 1;
    in->displacement = (u64)operand->mem.disp.value;
    in->segment = segment_of(operand->mem.segment);
}

/* Zydis 4.0 decodes a SIB byte without a base, under REX.B and a 32-bit address, as one with base
 * R13D and no displacement, although it counts the displacement's bytes. Processors do not
 * (test_execute.c executes such an instruction). */
static void correct_oracle(const struct oracle *o, const u8 *bytes, struct instruction *in)
{
    if (o->in.address_width != 32 || in->base != 13 || !(o->in.attributes & ZYDIS_ATTRIB_HAS_SIB) ||
        o->in.raw.modrm.mod != 0) {
        return;
    }
    in->base = REGISTER_NONE;
    in->displacement =
        (u64)(s32)(bytes[o->in.raw.sib.offset + 1] | (u32)bytes[o->in.raw.sib.offset + 2] << 8 |
                   (u32)bytes[o->in.raw.sib.offset + 3] << 16 |
                   (u32)bytes[o->in.raw.sib.offset + 4] << 24);
}

static void set_source(struct instruction *in, const ZydisDecodedOperand *operand)
{
    if (operand->type == ZYDIS_OPERAND_TYPE_REGISTER &&
        ZydisRegisterGetClass(operand->reg.value) != ZYDIS_REGCLASS_FLAGS) {
        in->source = SOURCE_REGISTER;
        in->high_byte =
            operand->reg.value >= ZYDIS_REGISTER_AH && operand->reg.value <= ZYDIS_REGISTER_BH;
        in->reg = in->high_byte ? (u8)(operand->reg.value - ZYDIS_REGISTER_AH)
                  : ZydisRegisterGetClass(operand->reg.value) == ZYDIS_REGCLASS_GPR8 &&
                          operand->reg.value >= ZYDIS_REGISTER_SPL
                      ? (u8)(operand->reg.value - ZYDIS_REGISTER_SPL + 4)
                      : (u8)ZydisRegisterGetId(operand->reg.value);
    } else if (operand->type == ZYDIS_OPERAND_TYPE_IMMEDIATE) {
        in->source = SOURCE_IMMEDIATE;
        in->immediate = operand->imm.value.u;
    } else if (operand->type == ZYDIS_OPERAND_TYPE_MEMORY) {
        in->source = SOURCE_MEMORY;
    }
}

static bool is_string(u32 operation)
{
    return operation == OPERATION_STOS || operation == OPERATION_MOVS ||
           operation == OPERATION_INS || operation == OPERATION_OUTS;
}

/* Describes a store: an instruction whose destination is memory, with an opcode that our decoder
 * promises to know. */
static bool describe_store(const struct oracle *o, struct instruction *in)
{
    const ZydisDecodedOperand *to = &o->operand[0], *from = &o->operand[1];

    if (to->type != ZYDIS_OPERAND_TYPE_MEMORY || o->in.address_width == 16) {
        return false;
    }
    if (o->in.encoding != ZYDIS_INSTRUCTION_ENCODING_LEGACY || to->size > 64) {
        return false;
    }
    if (in->operation == OPERATION_MOVS && o->in.opcode_map != ZYDIS_OPCODE_MAP_DEFAULT) {
        return false; /* the SSE instruction with the same name */
    }
    if (from->type == ZYDIS_OPERAND_TYPE_REGISTER &&
        ZydisRegisterGetClass(from->reg.value) == ZYDIS_REGCLASS_SEGMENT) {
        return false;
    }
    in->operand_size = (u8)(to->size / 8);
    set_memory(in, to);
    if (in->operation != OPERATION_CMPXCHG8B && o->in.operand_count > 1) {
        set_source(in, from);
    }
    return true;
}

static bool describe_privileged(const struct oracle *o, struct instruction *in)
{
    const ZydisDecodedOperand *a = &o->operand[0], *b = &o->operand[1];

    switch (in->operation) {
    case OPERATION_IN:
        in->operand_size = (u8)(a->size / 8);
        if (b->type == ZYDIS_OPERAND_TYPE_IMMEDIATE) {
            set_source(in, b);
        }
        break;
    case OPERATION_OUT:
        in->operand_size = (u8)(b->size / 8);
        if (a->type == ZYDIS_OPERAND_TYPE_IMMEDIATE) {
            set_source(in, a);
        }
        break;
    case OPERATION_INS:
        in->operand_size = (u8)(a->size / 8);
        set_memory(in, a);
        break;
    case OPERATION_OUTS:
        in->operand_size = (u8)(b->size / 8);
        break;
    case OPERATION_INT:
        set_source(in, a);
        break;
    }
    return true;
}

/* Zydis calls moves to and from control and debug registers MOV too. */
static bool describe_special(const struct oracle *o, struct instruction *in)
{
    for (u32 i = 0; i < 2; i++) {
        const ZydisDecodedOperand *special = &o->operand[i], *general = &o->operand[1 - i];
        ZydisRegisterClass class;

        if (special->type != ZYDIS_OPERAND_TYPE_REGISTER) {
            continue;
        }
        class = ZydisRegisterGetClass(special->reg.value);
        if (class != ZYDIS_REGCLASS_CONTROL && class != ZYDIS_REGCLASS_DEBUG) {
            continue;
        }
        if (class == ZYDIS_REGCLASS_CONTROL) {
            in->operation = i == 0 ? OPERATION_WRITE_CR : OPERATION_READ_CR;
        } else {
            in->operation = i == 0 ? OPERATION_WRITE_DR : OPERATION_READ_DR;
        }
        in->reg = (u8)ZydisRegisterGetId(special->reg.value);
        in->general = (u8)ZydisRegisterGetId(general->reg.value);
        in->operand_size = (u8)(general->size / 8);
        return true;
    }
    return false;
}

/* False: according to Zydis the instruction is none that our decoder promises to know. */
static bool describe(const u8 *bytes, u32 size, bool long_mode, struct instruction *in)
{
    struct oracle o;

    memset(&o, 0, sizeof o);
    *in = (struct instruction){
        .long_mode = long_mode, .base = REGISTER_NONE, .index = REGISTER_NONE, .scale = 1};
    if (!ZYAN_SUCCESS(
            ZydisDecoderDecodeFull(&decoders[long_mode], bytes, size, &o.in, o.operand))) {
        return false;
    }
    for (u32 i = 0; i < ARRAY_LENGTH(mnemonics); i++) {
        if (mnemonics[i].mnemonic == o.in.mnemonic) {
            in->operation = mnemonics[i].operation;
        }
    }
    if (!in->operation) {
        return false;
    }
    in->length = o.in.length;
    in->address_size = o.in.address_width / 8;
    for (u32 i = 0; i < o.in.raw.prefix_count; i++) {
        u8 prefix = o.in.raw.prefixes[i].value;

        in->lock |= prefix == 0xf0;
        in->repeat |= is_string(in->operation) && (prefix == 0xf2 || prefix == 0xf3);
    }
    if (in->operation == OPERATION_OUTS || in->operation == OPERATION_MOVS) {
        in->source_segment = segment_of(o.operand[1].mem.segment);
    }
    if (describe_special(&o, in)) {
        return true;
    }
    if (in->operation < OPERATION_FIRST_STORE) {
        return describe_privileged(&o, in);
    }
    if (!describe_store(&o, in)) {
        return false;
    }
    correct_oracle(&o, bytes, in);
    return true;
}

/* ---- comparing ----------------------------------------------------------------------------- */

static bool same(const struct instruction *a, const struct instruction *b)
{
    u64 mask = a->address_size == 8 ? ~0ull : 0xffffffffull;
    bool sized = a->operation >= OPERATION_FIRST_STORE || is_string(a->operation) ||
                 a->operation == OPERATION_IN || a->operation == OPERATION_OUT ||
                 (a->operation >= OPERATION_READ_CR && a->operation <= OPERATION_WRITE_DR);
    u64 immediate_mask = a->operation >= OPERATION_FIRST_STORE && a->operand_size < 8
                             ? (1ull << 8 * a->operand_size) - 1
                             : ~0ull;
    bool stores = a->operation >= OPERATION_FIRST_STORE || a->operation == OPERATION_INS;

    if (a->operation != b->operation || a->length != b->length ||
        a->address_size != b->address_size || a->lock != b->lock || a->repeat != b->repeat ||
        (sized && a->operand_size != b->operand_size) || a->source != b->source ||
        a->reg != b->reg || a->high_byte != b->high_byte || a->general != b->general ||
        ((a->immediate ^ b->immediate) & immediate_mask) || a->long_mode != b->long_mode) {
        return false;
    }
    if (is_string(a->operation) && a->operation != OPERATION_INS &&
        a->operation != OPERATION_STOS && a->source_segment != b->source_segment) {
        return false;
    }
    return !stores || (a->base == b->base && a->index == b->index && a->scale == b->scale &&
                       a->segment == b->segment && !((a->displacement ^ b->displacement) & mask));
}

static void show(const char *who, const struct instruction *in)
{
    print_error("  %s: op %u len %u size %u addr %u lock %u rep %u seg %u/%u source %u reg %u%s "
                "gen %u imm %#llx base %u index %u scale %u disp %#llx\n",
                who, in->operation, in->length, in->operand_size, in->address_size, in->lock,
                in->repeat, in->segment, in->source_segment, in->source, in->reg,
                in->high_byte ? "h" : "", in->general, (unsigned long long)in->immediate, in->base,
                in->index, in->scale, (unsigned long long)in->displacement);
}

bool decode_at_end(const u8 *bytes, u32 size, bool long_mode, struct instruction *in)
{
    memcpy(readable_end - size, bytes, size);
    return instruction_decode(readable_end - size, size, long_mode, in);
}

void decode_compare(const u8 bytes[INSTRUCTION_MAX], bool long_mode)
{
    struct instruction ours, theirs, cut;
    bool know = decode_at_end(bytes, INSTRUCTION_MAX, long_mode, &ours);
    bool knows = describe(bytes, INSTRUCTION_MAX, long_mode, &theirs);

    if (know != knows || (know && !same(&ours, &theirs))) {
        if (decode_oracle.wrong++ > 20) {
            return;
        }
        print_error("%u-bit code:", long_mode ? 64 : 32);
        for (u32 i = 0; i < INSTRUCTION_MAX; i++) {
            print_error(" %02x", bytes[i]);
        }
        print_error("\n");
        show(know ? "ours" : "ours (refused)", &ours);
        show(knows ? "Zydis" : "Zydis (not ours)", &theirs);
        return;
    }
    if (!know) {
        return;
    }
    decode_oracle.known[long_mode][ours.operation]++;
    if (!decode_at_end(bytes, ours.length, long_mode, &cut) || !same(&ours, &cut)) {
        decode_oracle.wrong++;
    }
    for (u32 size = 0; size < ours.length; size++) {
        if (decode_at_end(bytes, size, long_mode, &cut)) {
            decode_oracle.wrong++;
        }
    }
}

int decode_oracle_start(void)
{
    u8 *page = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    if (page == MAP_FAILED || mprotect(page + 4096, 4096, PROT_NONE)) {
        return -1;
    }
    readable_end = page + 4096;
    ZydisDecoderInit(&decoders[0], ZYDIS_MACHINE_MODE_LONG_COMPAT_32, ZYDIS_STACK_WIDTH_32);
    ZydisDecoderInit(&decoders[1], ZYDIS_MACHINE_MODE_LONG_64, ZYDIS_STACK_WIDTH_64);
    return 0;
}
