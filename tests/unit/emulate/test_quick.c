/* SPDX-License-Identifier: MIT */
/* Proves that emulate_quick executes stores and exchanges of 8 bytes, for every pair of registers,
 * and AND and OR with an immediate of every size as instruction_execute does, and only these: that
 * it leaves everything as it is, CR2 included, if the instruction in memory, its address, the
 * segments, the error code or the flags are others. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "hypervisor/cpu/extable.h"
#include "hypervisor/cpu/segments.h"
#include "hypervisor/emulate/emulate.h"
#include "hypervisor/emulate/execute.h"
#include "hypervisor/memory/guest_copy.h"
#include "hypervisor/vcpu/deliver.h"
#include "hypervisor/vcpu/vcpu.h"

#define RIP     0xffffffff81001230ull
#define AT      0xffff888000042128ull /* the address of the entry */
#define WRITE   (PF_PRESENT | PF_WRITE | PF_USER)
#define LONGEST 16u

/* ---- the fake memory: the code at RIP, and one entry */

static struct {
    struct vcpu vcpu;
    u8 code[LONGEST];
    u64 entry;
    u64 cr2;
    bool refused; /* what vmmu_store_quick does */
} world;

void fault_address_restore(u64 address)
{
    world.cr2 = address;
}

bool copy_from_guest(void *to, u64 from, u64 size)
{
    if (from != RIP || size > LONGEST) {
        return false;
    }
    memcpy(to, world.code, size);
    return true;
}

bool copy_pair_from_kernel(u64 pair[2], u64 from)
{
    assert_int_equal(from, RIP);
    world.cr2 = RIP; /* a fault by a stale translation */
    memcpy(pair, world.code, LONGEST);
    return true;
}

bool vmmu_store_quick(struct vmmu_vcpu *vcpu, vaddr_t at, u64 value, u64 *old)
{
    assert_ptr_equal(vcpu, &world.vcpu.mmu);
    assert_int_equal(at.a, AT);
    if (world.refused) {
        return false;
    }
    *old = world.entry;
    world.entry = value;
    return true;
}

bool vmmu_change_quick(struct vmmu_vcpu *vcpu, vaddr_t at, u64 keep, u64 flip, u64 *old)
{
    return vmmu_store_quick(vcpu, at, (world.entry & keep) ^ flip, old);
}

void deliver_trap(struct vcpu *vcpu, u32 vector, u32 error_code)
{
    (void)vcpu, (void)vector, (void)error_code;
    fail();
}

/* ---- the tests */

static void set_code(const u8 *bytes, u32 count)
{
    memset(world.code, 0x90, sizeof world.code);
    memcpy(world.code, bytes, count);
}

/* Fills the registers with different values, and register `base` with AT - displacement. */
static void set_registers(u32 base, u64 displacement)
{
    struct registers *r = &world.vcpu.registers;

    for (u32 i = 0; i < 16; i++) {
        register_write(r, i, 8, 0x1111111111111111ull * (i + 1) / 2);
    }
    register_write(r, base, 8, AT - displacement);
    r->rip = RIP;
    r->cs = SELECTOR_USER_CS64;
    r->ss = SELECTOR_USER_DS;
    r->rflags = RFLAGS_FIXED | RFLAGS_IF | RFLAGS_CF | RFLAGS_RF;
    r->error_code = WRITE;
    world.entry = 0x8000000012345067;
    world.refused = false;
}

/* Decodes the code as the general path does, so that emulate_quick knows it. */
static struct instruction learn(void)
{
    const struct instruction *in = instruction_fetch(&world.vcpu);

    assert_non_null(in);
    return *in;
}

static void assert_executed(const struct instruction *in)
{
    struct registers expected = world.vcpu.registers;
    const u64 old = world.entry, new = instruction_execute(in, &expected, old, 0);

    instruction_advance(in, &expected);
    assert_ptr_equal(emulate_quick(&world.vcpu, AT), &world.vcpu);
    assert_int_equal(world.entry, new);
    assert_memory_equal(&world.vcpu.registers, &expected, sizeof expected);
}

static void assert_left_alone(u64 address)
{
    const struct registers before = world.vcpu.registers;
    const u64 entry = world.entry;

    world.cr2 = address;
    assert_null(emulate_quick(&world.vcpu, address));
    assert_int_equal(world.cr2, address);
    assert_int_equal(world.entry, entry);
    assert_memory_equal(&world.vcpu.registers, &before, sizeof before);
}

/* Assembles `opcode` with register `reg` and the memory operand [base + displacement]. */
static u32 assemble(u8 *bytes, u8 opcode, u32 reg, u32 base, s32 displacement)
{
    u32 n = 0;

    bytes[n++] = (u8)(0x48 | (reg >= 8 ? 4 : 0) | (base >= 8 ? 1 : 0));
    bytes[n++] = opcode;
    bytes[n++] = (u8)(0x80 | (reg & 7) << 3 | (base & 7));
    if ((base & 7) == REGISTER_RSP) {
        bytes[n++] = 0x24;
    }
    memcpy(&bytes[n], &displacement, sizeof displacement);
    return n + (u32)sizeof displacement;
}

static void all_registers(void **state)
{
    const u8 opcodes[] = {0x89, 0x87}; /* MOV and XCHG */
    const s32 displacements[] = {0, 8, -4096, 0x12345678};
    u8 bytes[LONGEST];
    (void)state;

    for (u32 i = 0; i < 2 * 16 * 16 * 4; i++) {
        const s32 displacement = displacements[i % 4];
        const u32 reg = i / 4 % 16, base = i / 64 % 16;

        set_code(bytes, assemble(bytes, opcodes[i / 1024], reg, base, displacement));
        set_registers(base, (u64)(s64)displacement);
        const struct instruction in = learn();
        assert_executed(&in);
    }
}

static void immediates(void **state)
{
    const u8 zero[] = {0x48, 0xc7, 0x07, 0, 0, 0, 0};                    /* movq $0, (%rdi) */
    const u8 minus[] = {0x48, 0xc7, 0x47, 0x10, 0xfe, 0xff, 0xff, 0xff}; /* movq $-2, 16(%rdi) */
    (void)state;

    set_code(zero, sizeof zero);
    set_registers(REGISTER_RDI, 0);
    struct instruction in = learn();
    assert_executed(&in);
    assert_int_equal(world.entry, 0);
    set_code(minus, sizeof minus);
    set_registers(REGISTER_RDI, 16);
    in = learn();
    assert_executed(&in);
    assert_int_equal(world.entry, -2ull);
}

/* The operand of `in` in the entry, `offset` bytes from its beginning. */
static void assert_bits_changed(const struct instruction *in, u32 offset)
{
    const u64 mask = ~0ull >> (64 - 8 * in->operand_size) << 8 * offset, before = world.entry;
    struct registers expected = world.vcpu.registers;
    const u64 new = instruction_execute(in, &expected, before >> 8 * offset, 0);

    instruction_advance(in, &expected);
    assert_ptr_equal(emulate_quick(&world.vcpu, AT + offset), &world.vcpu);
    assert_int_equal(world.entry, (before & ~mask) | new << 8 * offset);
    assert_memory_equal(&world.vcpu.registers, &expected, sizeof expected);
}

static void bits(void **state)
{
    static const struct {
        const char *what;
        u8 bytes[8];
    } forms[] = {
        {"lock andb $~2, (%rdi)", {0xf0, 0x80, 0x27, 0xfd}},
        {"lock orb $0x42, (%rdi)", {0xf0, 0x80, 0x0f, 0x42}},
        {"andb $0, (%rdi)", {0x80, 0x27, 0}},
        {"andw $0x7ffe, (%rdi)", {0x66, 0x81, 0x27, 0xfe, 0x7f}},
        {"orl $-128, (%rdi)", {0x83, 0x0f, 0x80}},
        {"andl $0x12345, (%rdi)", {0x81, 0x27, 0x45, 0x23, 0x01, 0}},
        {"lock andq $-3, (%rdi)", {0xf0, 0x48, 0x83, 0x27, 0xfd}},
        {"orq $-2, (%rdi)", {0x48, 0x83, 0x0f, 0xfe}},
    };
    (void)state;

    for (u32 i = 0; i < sizeof forms / sizeof forms[0]; i++) {
        for (u32 offset = 0; offset < 8; offset++) {
            set_code(forms[i].bytes, sizeof forms[i].bytes);
            set_registers(REGISTER_RDI, -(u64)offset);
            const struct instruction in = learn();
            if (offset % in.operand_size) {
                assert_left_alone(AT + offset);
            } else {
                assert_bits_changed(&in, offset);
            }
        }
    }
}

static void other_instructions_are_not_known(void **state)
{
    static const struct {
        const char *what;
        u8 bytes[8];
    } others[] = {
        {"mov %eax, (%rdi)", {0x89, 0x07}},
        {"mov %al, (%rdi)", {0x88, 0x07}},
        {"xchg %eax, (%rdi)", {0x87, 0x07}},
        {"lock and %rax, (%rdi)", {0xf0, 0x48, 0x21, 0x07}},
        {"lock xor $2, (%rdi)", {0xf0, 0x80, 0x37, 0x02}},
        {"lock bts $1, (%rdi)", {0xf0, 0x48, 0x0f, 0xba, 0x2f, 0x01}},
        {"lock cmpxchg %rcx, (%rdi)", {0xf0, 0x48, 0x0f, 0xb1, 0x0f}},
        {"xadd %rax, (%rdi)", {0x48, 0x0f, 0xc1, 0x07}},
        {"stosq", {0x48, 0xab}},
        {"movsq", {0x48, 0xa5}},
        {"mov %rax, %gs:(%rdi)", {0x65, 0x48, 0x89, 0x07}},
        {"mov %rax, (%edi)", {0x67, 0x48, 0x89, 0x07}},
        {"mov %rax, (%rdi, %rcx)", {0x48, 0x89, 0x04, 0x0f}},
        {"mov %rax, 0(%rip)", {0x48, 0x89, 0x05, 0, 0, 0, 0}},
    };
    (void)state;

    for (u32 i = 0; i < sizeof others / sizeof others[0]; i++) {
        set_code(others[i].bytes, sizeof others[i].bytes);
        set_registers(REGISTER_RDI, 0);
        learn();
        assert_left_alone(AT);
    }
}

static void everything_else_must_fit(void **state)
{
    const u8 store[] = {0x48, 0x89, 0x47, 0x08}; /* mov %rax, 8(%rdi) */
    struct registers *r = &world.vcpu.registers;
    (void)state;

    set_code(store, sizeof store);
    set_registers(REGISTER_RDI, 8);
    const struct instruction in = learn();

    r->error_code = PF_PRESENT | PF_USER;
    assert_left_alone(AT);
    r->error_code = PF_WRITE | PF_USER;
    assert_left_alone(AT);
    r->error_code = WRITE | PF_RESERVED;
    assert_left_alone(AT);
    r->error_code = WRITE;
    r->cs = SELECTOR_USER_CS32;
    assert_left_alone(AT);
    r->cs = SELECTOR_USER_CS64;
    r->ss = 7;
    assert_left_alone(AT);
    r->ss = SELECTOR_USER_DS;
    r->rflags |= RFLAGS_TF;
    assert_left_alone(AT);
    r->rflags &= ~RFLAGS_TF;
    /* Another CPU has changed the code, in its first word or its second; the guest's address is
     * another one, or not that of a whole entry. */
    world.code[15] = 0x91;
    assert_left_alone(AT);
    world.code[15] = 0x90;
    world.code[1] = 0x87;
    assert_left_alone(AT);
    world.code[1] = 0x89;
    assert_left_alone(AT + 8);
    r->rdi += 4;
    assert_left_alone(AT + 4);
    r->rdi -= 4;
    world.refused = true;
    assert_left_alone(AT);
    world.refused = false;
    assert_executed(&in);
}

static void a_new_vcpu_knows_one_instruction(void **state)
{
    const u8 nothing[LONGEST] = {0}; /* add %al, (%rax) */
    (void)state;

    set_code(nothing, sizeof nothing);
    set_registers(15, 0); /* what zeroes in the vCPU would name as the address */
    assert_left_alone(AT);
}

static int setup(void **state)
{
    (void)state;
    memset(&world, 0, sizeof world);
    fetched_start(&world.vcpu);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(all_registers, setup),
        cmocka_unit_test_setup(immediates, setup),
        cmocka_unit_test_setup(bits, setup),
        cmocka_unit_test_setup(other_instructions_are_not_known, setup),
        cmocka_unit_test_setup(everything_else_must_fit, setup),
        cmocka_unit_test_setup(a_new_vcpu_knows_one_instruction, setup),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
