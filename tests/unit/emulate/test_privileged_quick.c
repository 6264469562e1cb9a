/* SPDX-License-Identifier: MIT */
/* Proves that emulate_privileged_quick does what emulate_privileged does: for each opcode,
 * privilege level and domain, with accesses to the machine's ports among the results. It executes
 * IN and OUT of 1 and 4 bytes, CLI and STI, and leaves everything as it is for each other
 * instruction, without the privilege, for other segments, for a single step, and where the code
 * cannot be read. */
#include "hypervisor/cpu/segments.h"
#include "tests/unit/emulate/emulate_world.h"

#define CLI 0xfa
#define STI 0xfb

/* A kernel that is about to execute `opcode` with `immediate` behind it, and DX = `port`. */
static struct registers *kernel(u8 opcode, u8 immediate, u16 port)
{
    struct registers *r = &test.vcpu.registers;

    memset(&test, 0, sizeof test);
    test.delivered = -1;
    test.port_value = 0x55667788;
    test.vcpu.domain = &test.domain;
    test.vcpu.in_kernel = true;
    test.vcpu.iopl = 1;
    for (u64 *one = (u64 *)r; one < (u64 *)(r + 1); one++) {
        *one = 0x1111111111111111ull * (u64)(one - (u64 *)r) / 2;
    }
    r->cs = SELECTOR_USER_CS64;
    r->ss = SELECTOR_USER_DS;
    r->rflags = RFLAGS_FIXED | RFLAGS_IF | RFLAGS_CF | RFLAGS_RF;
    r->rip = CODE;
    r->rdx = 0xabcd0000 | port; /* only DX counts */
    memset(guest(CODE, 16), 0x90, 16);
    *guest(CODE, 1) = opcode;
    *guest(CODE + 1, 1) = immediate;
    return r;
}

static bool is_quick(u32 opcode)
{
    return (opcode >= 0xe4 && opcode <= 0xe7) || (opcode >= 0xec && opcode <= 0xef) ||
           opcode == CLI || opcode == STI;
}

/* Calls it where it is to leave everything as it is. */
static void assert_left_alone(void)
{
    static struct test before;

    before = test;
    assert_null(emulate_privileged_quick(&test.vcpu));
    assert_memory_equal(&test, &before, sizeof before);
}

/* Executes the instruction in both forms, and compares what each has done. */
static void assert_same(u8 opcode, u8 immediate, u16 port, bool privileged, u8 iopl, bool assist)
{
    static struct test quick;

    for (u32 i = 0; i < 2; i++) {
        kernel(opcode, immediate, port);
        test.domain.privileged = privileged;
        test.vcpu.iopl = iopl;
        test.domain.vm_assist = (u32)assist << VMASST_TYPE_architectural_iopl;
        if (!is_quick(opcode) || iopl < !assist) {
            assert_left_alone();
            return;
        }
        if (i == 0) {
            assert_ptr_equal(emulate_privileged_quick(&test.vcpu), &test.vcpu);
            quick = test;
        } else {
            assert_int_equal(emulate_privileged(&test.vcpu), EMULATED_DONE);
        }
    }
    memset(&quick.vcpu.fetched, 0, sizeof quick.vcpu.fetched);
    memset(&test.vcpu.fetched, 0, sizeof test.vcpu.fetched);
    assert_memory_equal(&test, &quick, sizeof test);
}

static void as_the_general_form(void **state)
{
    static const u16 ports[] = {0x20, 0x40, 0x42, 0x60, 0x61, 0x71, 0xcf8, 0xcfc, 0xffff};

    (void)state;
    for (u32 opcode = 0; opcode < 256; opcode++) {
        for (u32 i = 0; i < ARRAY_LENGTH(ports); i++) {
            for (u32 flags = 0; flags < 8; flags++) {
                assert_same((u8)opcode, (u8)ports[i], ports[i], flags & 1, flags >> 1 & 1,
                            flags >> 2);
            }
        }
    }
}

static void a_guest_reads_nothing_and_a_privileged_one_its_port(void **state)
{
    struct registers *r = kernel(0xec, 0, 0x60);

    (void)state;
    r->rax = 0x1122334455667788;
    assert_non_null(emulate_privileged_quick(&test.vcpu));
    assert_int_equal(r->rax, 0x11223344556677ff);
    assert_int_equal(test.ports_read, 0);
    r = kernel(0xed, 0, 0x64);
    test.domain.privileged = true;
    assert_non_null(emulate_privileged_quick(&test.vcpu));
    assert_int_equal(r->rax, 0x55667788);
    assert_int_equal(test.last_port, 0x64);
    assert_int_equal(test.last_size, 4);
    assert_int_equal(r->rip, CODE + 1);
    assert_int_equal(r->rflags, RFLAGS_FIXED | RFLAGS_IF | RFLAGS_CF);
}

static void everything_else_must_fit(void **state)
{
    static const u8 opcodes[] = {0xec, 0xe6, CLI};

    (void)state;
    for (u32 i = 0; i < ARRAY_LENGTH(opcodes); i++) {
        struct registers *r = kernel(opcodes[i], 0x60, 0x60);

        r->cs = SELECTOR_USER_CS32;
        assert_left_alone();
        r->cs = SELECTOR_USER_CS64;
        r->ss = 7;
        assert_left_alone();
        r->ss = SELECTOR_USER_DS;
        r->rflags |= RFLAGS_TF;
        assert_left_alone();
        r->rflags &= ~RFLAGS_TF;
        r->rip = MEMORY + MEMORY_SIZE - 15; /* all that is read must be there */
        *guest(r->rip, 1) = opcodes[i];
        assert_left_alone();
        r->rip--;
        *guest(r->rip, 1) = 0x66; /* a prefix */
        assert_left_alone();
        *guest(r->rip, 1) = opcodes[i];
        test.vcpu.in_kernel = false;
        assert_left_alone();
        test.vcpu.in_kernel = true;
        assert_non_null(emulate_privileged_quick(&test.vcpu));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(as_the_general_form),
        cmocka_unit_test(a_guest_reads_nothing_and_a_privileged_one_its_port),
        cmocka_unit_test(everything_else_must_fit),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
