/* SPDX-License-Identifier: MIT */
/* Proves that our interpreter executes a store (address, value in memory, registers, flags, RIP) as
 * the host's processor does. Random instructions with random registers are written into a page,
 * executed natively, and compared bit for bit, except for the flags that the manuals leave
 * undefined. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <cmocka.h>
#include "hypervisor/emulate/execute.h"

/* A low address, so that 32-bit addresses and displacements reach it. */
#define ARENA      ((u8 *)0x30000000)
#define ARENA_SIZE 0x2000u
#define CODE       ((u8 *)0x30010000)
#define MIDDLE     0x1000u

#define FLAG_PF 0x4ull
#define FLAG_AF 0x10ull
#define FLAG_SF 0x80ull
#define FLAG_OF 0x800ull
#define STATUS  (RFLAGS_CF | FLAG_PF | FLAG_AF | RFLAGS_ZF | FLAG_SF | FLAG_OF)

/* Loads `r`, runs the code at `code`, which ends by a jump through native_end, and saves `r`. */
void native_run(struct registers *r, const void *code);
extern const void *const native_end;

__asm__(".pushsection .text\n"
        "native_run:\n"
        "    push %rbx; push %rbp; push %r12; push %r13; push %r14; push %r15\n"
        "    mov %rdi, native_registers(%rip)\n"
        "    mov %rsi, native_code(%rip)\n"
        "    mov %rsp, native_stack(%rip)\n"
        "    push 152(%rdi); popf\n"
        "    mov (%rdi), %r15; mov 8(%rdi), %r14; mov 16(%rdi), %r13; mov 24(%rdi), %r12\n"
        "    mov 32(%rdi), %rbp; mov 40(%rdi), %rbx; mov 48(%rdi), %r11; mov 56(%rdi), %r10\n"
        "    mov 64(%rdi), %r9; mov 72(%rdi), %r8; mov 80(%rdi), %rax; mov 88(%rdi), %rcx\n"
        "    mov 96(%rdi), %rdx; mov 104(%rdi), %rsi; mov 160(%rdi), %rsp\n"
        "    mov 112(%rdi), %rdi\n"
        "    jmp *native_code(%rip)\n"
        "native_back:\n"
        "    mov %rdi, native_rdi(%rip)\n"
        "    mov native_registers(%rip), %rdi\n"
        "    mov %rsp, 160(%rdi)\n"
        "    mov native_stack(%rip), %rsp\n"
        "    mov %r15, (%rdi); mov %r14, 8(%rdi); mov %r13, 16(%rdi); mov %r12, 24(%rdi)\n"
        "    mov %rbp, 32(%rdi); mov %rbx, 40(%rdi); mov %r11, 48(%rdi); mov %r10, 56(%rdi)\n"
        "    mov %r9, 64(%rdi); mov %r8, 72(%rdi); mov %rax, 80(%rdi); mov %rcx, 88(%rdi)\n"
        "    mov %rdx, 96(%rdi); mov %rsi, 104(%rdi)\n"
        "    pushf; pop 152(%rdi); cld\n"
        "    mov native_rdi(%rip), %rax; mov %rax, 112(%rdi)\n"
        "    pop %r15; pop %r14; pop %r13; pop %r12; pop %rbp; pop %rbx\n"
        "    ret\n"
        ".popsection\n"
        ".pushsection .data\n"
        "native_end: .quad native_back\n"
        "native_registers: .quad 0\n"
        "native_code: .quad 0\n"
        "native_stack: .quad 0\n"
        "native_rdi: .quad 0\n"
        ".popsection\n");

static struct {
    u64 random;
    u8 model[ARENA_SIZE]; /* the arena as our interpreter leaves it */
    u64 done[OPERATIONS], bitwise[OPERATIONS];
    u64 moved_by_bit, without_base, rex_b_without_base, succeeded[2];
} test = {.random = 0x243f6a8885a308d3ull};

static u64 random64(void)
{
    test.random ^= test.random << 13;
    test.random ^= test.random >> 7;
    test.random ^= test.random << 17;
    return test.random * 0x2545f4914f6cdd1dull;
}

static u32 random_below(u32 limit)
{
    return (u32)(random64() >> 33) % limit;
}

/* A value from those at which carries and signs change. */
static u64 random_value(void)
{
    static const u64 corners[] = {0,
                                  1,
                                  ~0ull,
                                  0x7f,
                                  0x80,
                                  0x7fff,
                                  0x8000,
                                  0x7fffffff,
                                  0x80000000,
                                  0xffffffff,
                                  0x7fffffffffffffff,
                                  0x8000000000000000};

    switch (random_below(4)) {
    case 0:
        return corners[random_below(ARRAY_LENGTH(corners))] + random_below(3) - 1;
    case 1:
        return random64() & 0xff;
    default:
        return random64();
    }
}

/* ---- one random instruction ---------------------------------------------------------------- */

struct sample {
    u8 bytes[INSTRUCTION_MAX + 6];
    struct instruction in;
    bool rex_b;
    /* Offset of the displacement, if the address has no base register that could be changed. */
    u32 displacement_at;
    struct registers r;
    u64 at;
};

static const u16 opcodes[] = {
    0x000, 0x001, 0x008, 0x009, 0x010, 0x011, 0x018, 0x019, 0x020, 0x021, 0x028,
    0x029, 0x030, 0x031, 0x080, 0x081, 0x083, 0x086, 0x087, 0x088, 0x089, 0x0a2,
    0x0a3, 0x0a4, 0x0a5, 0x0aa, 0x0ab, 0x0c6, 0x0c7, 0x0f6, 0x0f7, 0x0fe, 0x0ff,
    0x1ab, 0x1b3, 0x1bb, 0x1ba, 0x1b0, 0x1b1, 0x1c0, 0x1c1, 0x1c3, 0x1c7,
};

/* Random prefixes, without FS and GS, whose bases the C library of the host uses. */
static u32 random_prefixes(u8 *bytes)
{
    u32 at = 0;

    if (!random_below(4)) {
        bytes[at++] = 0x66;
    }
    if (!random_below(4)) {
        bytes[at++] = 0x67;
    }
    if (!random_below(4)) {
        bytes[at++] = 0xf0;
    }
    if (!random_below(4)) {
        bytes[at++] = random_below(2) ? 0xf2 : 0xf3;
    }
    if (random_below(2)) {
        bytes[at++] = (u8)(0x40 | random_below(16));
    }
    return at;
}

static bool make_instruction(struct sample *s)
{
    u32 at = random_prefixes(s->bytes), immediate;
    u16 opcode = opcodes[random_below(ARRAY_LENGTH(opcodes))];

    s->rex_b = at && (s->bytes[at - 1] & 0xf1) == 0x41;
    if (opcode & 0x100) {
        s->bytes[at++] = 0x0f;
    }
    s->bytes[at++] = (u8)opcode;
    for (u32 i = at; i < INSTRUCTION_MAX; i++) {
        s->bytes[i] = (u8)random64();
    }
    if (!random_below(4)) { /* makes the rare forms without a base more frequent */
        s->bytes[at] = (u8)((s->bytes[at] & 0x38) | 4 | random_below(2));
    }
    if ((s->bytes[at] & 0xc7) == 4 && random_below(2)) {
        s->bytes[at + 1] = (u8)((s->bytes[at + 1] & 0xf8) | 5);
    }
    if (!instruction_decode(s->bytes, INSTRUCTION_MAX, true, &s->in)) {
        return false;
    }
    immediate = s->in.source != SOURCE_IMMEDIATE                                        ? 0
                : s->in.operand_size == 1 || (opcode & 0xff) == 0x83 || opcode == 0x1ba ? 1
                : s->in.operand_size == 2                                               ? 2
                                                                                        : 4;
    s->displacement_at = s->in.length - immediate - 4;
    if (opcode == 0x0a2 || opcode == 0x0a3) {
        s->displacement_at = s->in.length - s->in.address_size;
    }
    return true;
}

static void jump_back(struct sample *s)
{
    const void *const *end = &native_end;
    u8 *jump = s->bytes + s->in.length; /* jmp *[rip], followed by the address */

    jump[0] = 0xff;
    jump[1] = 0x25;
    memset(jump + 2, 0, 4);
    memcpy(CODE, s->bytes, s->in.length + 6);
    memcpy(CODE + s->in.length + 6, end, sizeof *end);
}

static void random_registers(struct sample *s)
{
    u64 *words = (u64 *)&s->r;

    for (u32 i = 0; i < 15; i++) {
        words[i] = random_value();
    }
    s->r.rsp = random_value();
    s->r.rip = (u64)CODE;
    s->r.rflags = RFLAGS_FIXED | RFLAGS_IF | (random64() & STATUS);
    if (s->in.operation == OPERATION_STOS || s->in.operation == OPERATION_MOVS) {
        u64 high = s->in.address_size == 4 ? random64() << 32 : 0;

        s->r.rflags |= random_below(2) ? RFLAGS_DF : 0;
        s->r.rcx = random_below(6) | high;
        s->r.rdi = (u64)ARENA + MIDDLE + random_below(64);
        s->r.rsi = (u64)ARENA + MIDDLE + random_below(64);
        if (high) {
            s->r.rdi |= random64() << 32;
            s->r.rsi |= random64() << 32;
        }
    }
}

/* Changes the base register, or the displacement, so that the store hits the middle of the
 * arena. */
static bool aim(struct sample *s)
{
    u64 wanted = (u64)ARENA + MIDDLE + random_below(64), by;

    by = wanted - instruction_address(&s->in, &s->r, 0);
    if (s->in.base == REGISTER_NONE || s->in.base == REGISTER_RIP) {
        u64 displacement = s->in.displacement + by;
        bool wide = s->in.address_size == 8 && s->in.length - s->displacement_at == 8 &&
                    s->in.index == REGISTER_NONE && s->in.base == REGISTER_NONE &&
                    s->in.operation == OPERATION_MOV && s->in.source == SOURCE_REGISTER;

        memcpy(s->bytes + s->displacement_at, &displacement, wide ? 8 : 4);
        if (!instruction_decode(s->bytes, INSTRUCTION_MAX, true, &s->in)) {
            return false;
        }
        test.without_base++;
    } else {
        register_write(&s->r, s->in.base, 8, register_read(&s->r, s->in.base, 8) + by);
    }
    s->at = instruction_address(&s->in, &s->r, 0);
    return s->at == wanted;
}

static void fill_memory(struct sample *s)
{
    for (u32 i = 0; i < 256; i += 8) {
        u64 value = random_value();

        memcpy(ARENA + MIDDLE - 64 + i, &value, 8);
    }
    if (random_below(2)) { /* half of the comparisons succeed */
        u64 expected = s->in.operation == OPERATION_CMPXCHG8B
                           ? s->r.rdx << 32 | (s->r.rax & 0xffffffff)
                           : s->r.rax;

        memcpy((void *)s->at, &expected, s->in.operand_size);
    }
    memcpy(test.model, ARENA, ARENA_SIZE);
}

/* ---- the same instruction natively and by our interpreter ----------------------------------- */

static u8 *model_of(u64 address)
{
    u64 offset = address - (u64)ARENA;

    assert_true(offset <= ARENA_SIZE - 8);
    return test.model + offset;
}

/* If the instruction is bitwise: asserts that `keep` and `flip` describe it, with the same value,
 * registers and flags as the interpretation gave. */
static void check_bitwise(const struct sample *s, const struct registers *before, u64 old,
                          u64 source, u64 value, const struct registers *after)
{
    struct registers r = *before;
    u64 keep, flip, bits = s->in.operand_size * 8u, above = random64() << 1 << (bits - 1);

    if (!instruction_is_bitwise(&s->in, &r, source, &keep, &flip)) {
        return;
    }
    assert_int_equal((old & keep) ^ flip, value);
    instruction_set_results(&s->in, &r, old | above, value | above);
    assert_memory_equal(&r, after, sizeof r);
    test.bitwise[s->in.operation]++;
}

/* Executes the sample with our interpreter, one repetition at a time, on the model. */
static void interpret(const struct sample *s, struct registers *r)
{
    do {
        u64 old = 0, value, source = 0, at = instruction_address(&s->in, r, 0);
        struct registers before;

        if (!instruction_idle(&s->in, r)) {
            memcpy(&old, model_of(at), s->in.operand_size);
            if (s->in.source == SOURCE_MEMORY) {
                memcpy(&source, model_of(instruction_source(&s->in, r, 0)), s->in.operand_size);
            }
            before = *r;
            value = instruction_execute(&s->in, r, old, source);
            check_bitwise(s, &before, old, source, value, r);
            memcpy(model_of(at), &value, s->in.operand_size);
        }
        instruction_advance(&s->in, r);
    } while (r->rip == (u64)CODE);
}

static u64 defined_flags(u32 operation)
{
    switch (operation) {
    case OPERATION_AND:
    case OPERATION_OR:
    case OPERATION_XOR:
        return STATUS & ~FLAG_AF;
    case OPERATION_BTS:
    case OPERATION_BTR:
    case OPERATION_BTC:
        return RFLAGS_CF | RFLAGS_ZF;
    }
    return STATUS;
}

static void show(const struct sample *s, const struct registers *ours,
                 const struct registers *native)
{
    static const char *const names[] = {"r15", "r14", "r13", "r12", "rbp", "rbx", "r11", "r10",
                                        "r9",  "r8",  "rax", "rcx", "rdx", "rsi", "rdi"};
    const u64 *a = (const u64 *)&s->r, *b = (const u64 *)ours, *c = (const u64 *)native;

    for (u32 i = 0; i < s->in.length; i++) {
        print_error("%02x ", s->bytes[i]);
    }
    print_error("operation %u, size %u, at %#llx\n", s->in.operation, s->in.operand_size,
                (unsigned long long)s->at);
    for (u32 i = 0; i < ARRAY_LENGTH(names); i++) {
        print_error("  %s %016llx: ours %016llx, processor %016llx%s\n", names[i],
                    (unsigned long long)a[i], (unsigned long long)b[i], (unsigned long long)c[i],
                    b[i] == c[i] ? "" : " <--");
    }
    print_error("  flags %llx: ours %llx, processor %llx\n", (unsigned long long)s->r.rflags,
                (unsigned long long)ours->rflags, (unsigned long long)native->rflags);
    for (u32 i = 0; i < ARENA_SIZE; i++) {
        if (test.model[i] != ARENA[i]) {
            print_error("  at %#x: ours %02x, processor %02x\n", i, test.model[i], ARENA[i]);
        }
    }
}

/* When a repeated instruction with 32-bit addresses has nothing to do, Intel's processors clear the
 * upper halves of the registers that it uses, and AMD's do not. Lets both pass. */
static void allow_cleared(const struct sample *s, struct registers *native)
{
    const u64 before[] = {s->r.rcx, s->r.rdi, s->r.rsi};
    u64 *const now[] = {&native->rcx, &native->rdi, &native->rsi};

    if (s->in.address_size != 4 || !instruction_idle(&s->in, &s->r)) {
        return;
    }
    for (u32 i = 0; i < ARRAY_LENGTH(now); i++) {
        if (*now[i] == (u32)before[i]) {
            *now[i] = before[i];
        }
    }
}

static void compare(const struct sample *s)
{
    struct registers ours = s->r, native = s->r;
    u64 flags = defined_flags(s->in.operation);
    bool same;

    interpret(s, &ours);
    native_run(&native, CODE);
    allow_cleared(s, &native);
    same = !memcmp(&ours, &native, offsetof(struct registers, vector)) && ours.rsp == native.rsp &&
           !((ours.rflags ^ native.rflags) & flags) && !((ours.rflags ^ s->r.rflags) & ~STATUS) &&
           !memcmp(test.model, ARENA, ARENA_SIZE) && ours.rip == (u64)CODE + s->in.length;
    if (!same) {
        show(s, &ours, &native);
    }
    assert_true(same);
    test.done[s->in.operation]++;
    test.rex_b_without_base += s->rex_b && s->in.base == REGISTER_NONE &&
                               s->in.index != REGISTER_NONE && s->in.address_size == 4;
    if (s->in.operation == OPERATION_CMPXCHG || s->in.operation == OPERATION_CMPXCHG8B) {
        test.succeeded[!!(ours.rflags & RFLAGS_ZF)]++;
    }
    if (s->in.operation >= OPERATION_BTS && s->in.operation <= OPERATION_BTC &&
        s->in.source == SOURCE_REGISTER) {
        test.moved_by_bit++;
    }
}

/* ---- the tests ----------------------------------------------------------------------------- */

static int set_up(void **state)
{
    void *arena = mmap(ARENA, 0x20000, PROT_READ | PROT_WRITE | PROT_EXEC,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);

    (void)state;
    return arena == ARENA ? 0 : -1;
}

static void random_stores_do_what_the_processor_does(void **state)
{
    (void)state;
    for (u32 round = 0; round < 400000; round++) {
        struct sample s;

        memset(&s, 0, sizeof s);
        if (!make_instruction(&s)) {
            continue;
        }
        random_registers(&s);
        if (s.in.operation != OPERATION_STOS && s.in.operation != OPERATION_MOVS && !aim(&s)) {
            continue; /* the base register is also the index or the operand */
        }
        s.at = instruction_address(&s.in, &s.r, 0);
        fill_memory(&s);
        jump_back(&s);
        compare(&s);
    }
}

/* A store that no sample contained would not be tested. */
static void every_store_came_up(void **state)
{
    (void)state;
    for (u32 operation = OPERATION_FIRST_STORE; operation < OPERATIONS; operation++) {
        if (test.done[operation] < 200) {
            print_error("operation %u: %llu times\n", operation,
                        (unsigned long long)test.done[operation]);
        }
        assert_true(test.done[operation] >= 200);
    }
    for (u32 operation = OPERATION_STOS; operation <= OPERATION_XCHG; operation++) {
        const bool bitwise = operation <= OPERATION_MOV || operation == OPERATION_OR ||
                             operation == OPERATION_AND || operation == OPERATION_XOR ||
                             operation == OPERATION_NOT || operation == OPERATION_XCHG;

        assert_int_equal(test.bitwise[operation] >= 200, bitwise);
    }
    assert_true(test.moved_by_bit >= 1000);
    assert_true(test.without_base >= 1000);
    assert_true(test.rex_b_without_base >= 200);
    assert_true(test.succeeded[0] >= 200 && test.succeeded[1] >= 200);
}

/* A 64-bit process cannot execute this natively: addresses of 32-bit code wrap at 4 GiB. */
static void code_of_32_bits_wraps(void **state)
{
    static const u8 store[] = {0x89, 0x43, 0x10};     /* mov %eax, 0x10(%ebx) */
    static const u8 far_store[] = {0x64, 0x89, 0x03}; /* mov %eax, %fs:(%ebx) */
    static const u8 repeated[] = {0xf3, 0xab};        /* rep stos */
    struct registers r = {.rbx = 0xfffffff8, .rip = 0xffffffff, .rcx = 2, .rdi = 0xfffffffc};
    struct instruction in;

    (void)state;
    assert_true(instruction_decode(store, sizeof store, false, &in));
    assert_int_equal(instruction_address(&in, &r, 0), 8);
    instruction_advance(&in, &r);
    assert_int_equal(r.rip, 2);

    assert_true(instruction_decode(far_store, sizeof far_store, false, &in));
    assert_int_equal(in.segment, SEGMENT_FS);
    assert_int_equal(instruction_address(&in, &r, 0x10), 8);

    assert_true(instruction_decode(repeated, sizeof repeated, false, &in));
    instruction_advance(&in, &r);
    assert_int_equal(r.rdi, 0);
    assert_int_equal(r.rcx, 1);
    assert_int_equal(r.rip, 2);
}

/* The segment's base is added last; a 32-bit address wraps before that. */
static void a_segment_base_is_added(void **state)
{
    static const u8 wide[] = {0x65, 0x48, 0x89, 0x03};         /* mov %rax, %gs:(%rbx) */
    static const u8 narrow[] = {0x65, 0x67, 0x48, 0x89, 0x03}; /* mov %rax, %gs:(%ebx) */
    struct registers r = {.rbx = 0x1234567800000010};
    struct instruction in;

    (void)state;
    assert_true(instruction_decode(wide, sizeof wide, true, &in));
    assert_int_equal(in.segment, SEGMENT_GS);
    assert_int_equal(instruction_address(&in, &r, 0x1000), 0x1234567800001010);
    assert_true(instruction_decode(narrow, sizeof narrow, true, &in));
    assert_int_equal(instruction_address(&in, &r, 0xffff888000000000), 0xffff888000000010);
}

/* RF is cleared after one instruction; it stays while a repeated instruction goes on. */
static void the_resume_flag_ends_with_the_instruction(void **state)
{
    static const u8 repeated[] = {0xf3, 0x48, 0xab};
    struct registers r = {.rcx = 2, .rip = 0x1000, .rflags = RFLAGS_RF | RFLAGS_TF};
    struct instruction in;

    (void)state;
    assert_true(instruction_decode(repeated, sizeof repeated, true, &in));
    instruction_advance(&in, &r);
    assert_int_equal(r.rip, 0x1000);
    assert_int_equal(r.rflags, RFLAGS_RF | RFLAGS_TF);
    instruction_advance(&in, &r);
    assert_int_equal(r.rip, 0x1003);
    assert_int_equal(r.rflags, RFLAGS_TF);
    assert_true(instruction_idle(&in, &r));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(random_stores_do_what_the_processor_does),
        cmocka_unit_test(every_store_came_up),
        cmocka_unit_test(code_of_32_bits_wraps),
        cmocka_unit_test(a_segment_base_is_added),
        cmocka_unit_test(the_resume_flag_ends_with_the_instruction),
    };

    return cmocka_run_group_tests_name("hypervisor/execute", tests, set_up, NULL);
}
