/* SPDX-License-Identifier: MIT */
/* Proves which instructions are emulated for a guest. In user mode a guest gets only INT n and
 * CPUID; INT n obeys the gate's privilege level; ports read as empty, and which ones user mode may
 * use is what the I/O bitmap in kernel memory says; a store to a page table changes registers only
 * if it changed the entry, and a store that loses a race, one that is refused and one that hits no
 * entry have different results. Memory, the virtual MMU and delivery are fakes of emulate_world.c.
 */
#include "tests/unit/emulate/emulate_world.h"
#include "lib/x86/debug_register.h"

/* ---- a guest that is about to execute an instruction ---------------------------------------- */

static struct registers *code(u64 rip, const char *bytes, u32 size)
{
    memset(&test, 0, sizeof test);
    test.delivered = -1;
    test.vcpu.domain = &test.domain;
    test.vcpu.in_kernel = true;
    test.vcpu.iopl = 1;
    test.vcpu.registers.cs = CS64;
    test.vcpu.registers.rip = rip;
    test.vcpu.registers.rflags = RFLAGS_FIXED | RFLAGS_IF | RFLAGS_RF;
    for (u32 i = 0; i < size && guest(rip + i, 1); i++) {
        *guest(rip + i, 1) = (u8)bytes[i];
    }
    return &test.vcpu.registers;
}
#define GUEST_AT(rip, bytes) code((rip), (bytes), sizeof(bytes) - 1)
#define GUEST(bytes)         GUEST_AT(CODE, bytes)

static u64 *table(void)
{
    return (u64 *)guest(TABLE, 8);
}

static void expect_done(u32 length)
{
    assert_int_equal(emulate_privileged(&test.vcpu), EMULATED_DONE);
    assert_int_equal(test.vcpu.registers.rip, CODE + length);
    assert_int_equal(test.vcpu.registers.rflags & RFLAGS_RF, 0);
    assert_int_equal(test.delivered, -1);
}

/* All combinations of two opcode bytes and a ModRM byte, in user mode. */
static void user_mode_gets_nothing_privileged(void **state)
{
    (void)state;
    for (u32 opcode = 0; opcode < 512; opcode++) {
        for (u32 modrm = 0; modrm < 256; modrm++) {
            char bytes[] = {opcode & 256 ? 0x0f : 0x2e, (char)opcode, (char)modrm, 0, 0, 0, 0, 0};
            struct registers *r = code(CODE, bytes, sizeof bytes), before;
            struct instruction in;

            if (instruction_decode((u8 *)bytes, sizeof bytes, true, &in) &&
                (in.operation == OPERATION_INT || in.operation == OPERATION_CPUID)) {
                continue;
            }
            test.vcpu.in_kernel = false;
            before = *r;
            assert_int_equal(emulate_privileged(&test.vcpu), EMULATED_NOT);
            assert_memory_equal(r, &before, sizeof before);
            assert_int_equal(test.touched, 0);
            assert_int_equal(test.delivered, -1);
        }
    }
}

static void ports_are_empty(void **state)
{
    struct registers *r;

    (void)state;
    r = GUEST("\xec");
    r->rax = 0x1122334455667788;
    expect_done(1);
    assert_int_equal(r->rax, 0x11223344556677ff);
    r = GUEST("\x66\xed");
    r->rax = 0x1122334455667788;
    expect_done(2);
    assert_int_equal(r->rax, 0x112233445566ffff);
    r = GUEST("\xe5\x70");
    r->rax = 0x1122334455667788;
    expect_done(2);
    assert_int_equal(r->rax, 0xffffffff);
    GUEST("\xef");
    expect_done(1);
    r = GUEST("\x6d");
    r->rdi = TABLE;
    expect_done(1);
    assert_int_equal(*table(), 0xffffffff);
    assert_int_equal(r->rdi, TABLE + 4);
    r = GUEST("\xf3\x6e");
    r->rcx = 2;
    r->rsi = TABLE;
    assert_int_equal(emulate_privileged(&test.vcpu), EMULATED_DONE);
    assert_int_equal(r->rip, CODE);
    expect_done(2);
    assert_int_equal(r->rcx, 0);
    assert_int_equal(r->rsi, TABLE + 2);
}

static void a_port_read_into_bad_memory_faults_there(void **state)
{
    struct registers *r = GUEST("\x6c");

    (void)state;
    r->rdi = 0xdead000;
    assert_int_equal(emulate_privileged(&test.vcpu), EMULATED_FAULT);
    assert_int_equal(test.delivered, VECTOR_PF);
    assert_int_equal(test.fault_address, 0xdead000);
    assert_int_equal(test.error_code, PF_WRITE);
    assert_int_equal(r->rip, CODE);
}

/* The element of a string instruction that crosses the end of a page: the fault names the first
 * byte that is not accessible. */
static void a_string_fault_names_the_page(void **state)
{
    static const struct {
        const char *bytes;
        u32 error_code;
    } cases[] = {{"\x6d", PF_WRITE}, {"\x6f", 0}}; /* insl, outsl */

    (void)state;
    for (u32 i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct registers *r = code(CODE, cases[i].bytes, 1);

        r->rdi = r->rsi = MEMORY + MEMORY_SIZE - 2;
        test.vcpu.in_kernel = false;
        test.vcpu.iopl = 3;
        assert_int_equal(emulate_privileged(&test.vcpu), EMULATED_FAULT);
        assert_int_equal(test.delivered, VECTOR_PF);
        assert_int_equal(test.fault_address, MEMORY + MEMORY_SIZE);
        assert_int_equal(test.error_code, cases[i].error_code | PF_USER);
        assert_int_equal(r->rip, CODE);

        test.delivered = -1;
        r->rdi = r->rsi = 1ull << 62; /* not canonical: the original #GP */
        assert_int_equal(emulate_privileged(&test.vcpu), EMULATED_NOT);
        assert_int_equal(test.delivered, -1);

        r->rdi = r->rsi = test.read_only = 0xdead000;
        assert_int_equal(emulate_privileged(&test.vcpu), EMULATED_FAULT);
        assert_int_equal(test.error_code, cases[i].error_code | PF_USER | PF_PRESENT);
    }
}

/* ---- ports by the bitmap --------------------------------------------------------------------- */

/* User mode executes `bytes` at port `port`, with a bitmap that permits `count` ports from `first`
 * and has `ports` bits; returns the result. */
static enum emulated by_bitmap(const char *bytes, u32 port, u32 first, u32 count, u32 ports)
{
    struct registers *r = code(CODE, bytes, 2);

    memset(test.kernel_only, 0xff, sizeof test.kernel_only);
    for (u32 i = first; i < first + count; i++) {
        test.kernel_only[i / 8] &= (u8) ~(1u << i % 8);
    }
    test.vcpu.in_kernel = false;
    test.vcpu.iopl = 0;
    test.vcpu.io_bitmap = KERNEL_ONLY;
    test.vcpu.io_bitmap_ports = ports;
    r->rdx = port | 0xabcd0000; /* only DX counts */
    return emulate_privileged(&test.vcpu);
}

static void a_bitmap_permits_each_port(void **state)
{
    static const struct {
        const char *bytes;
        u32 width;
    } cases[] = {{"\xec", 1}, {"\x66\xed", 2}, {"\xed", 4},
                 {"\xee", 1}, {"\x66\xef", 2}, {"\xef", 4}};

    (void)state;
    for (u32 i = 0; i < ARRAY_LENGTH(cases); i++) {
        for (u32 port = 0; port < 24; port++) {
            for (u32 first = 0; first < 24; first++) {
                for (u32 count = 0; count < 6; count++) {
                    bool all = first <= port && port + cases[i].width <= first + count;

                    assert_int_equal(by_bitmap(cases[i].bytes, port, first, count, 65536),
                                     all ? EMULATED_DONE : EMULATED_NOT);
                    assert_int_equal(test.vcpu.registers.rip,
                                     CODE + (all ? (cases[i].bytes[0] == 0x66) + 1u : 0));
                    assert_false(test.vcpu.in_kernel);
                    assert_int_equal(test.toggles, 2);
                }
            }
        }
    }
}

static void a_bitmap_ends(void **state)
{
    (void)state;
    assert_int_equal(by_bitmap("\xec", 0, 0, 64, 0), EMULATED_NOT);
    assert_int_equal(test.toggles, 0);
    assert_int_equal(by_bitmap("\xec", 8, 0, 64, 8), EMULATED_NOT);
    assert_int_equal(by_bitmap("\xec", 8, 0, 64, 9), EMULATED_DONE);
    assert_int_equal(by_bitmap("\xed", 6, 0, 64, 9), EMULATED_NOT);
    assert_int_equal(by_bitmap("\xed", 6, 0, 64, 10), EMULATED_DONE);
    assert_int_equal(by_bitmap("\xed", 0xfffe, 0, 64, 65536), EMULATED_NOT); /* no 65,536th port */
    /* Only one page of the bitmap can be read. */
    assert_int_equal(by_bitmap("\xec", 0x7fff, 0, 0x8000, 65536), EMULATED_DONE);
    assert_int_equal(by_bitmap("\x66\xed", 0x7fff, 0, 0x8000, 65536), EMULATED_NOT);
    assert_int_equal(by_bitmap("\xec", 0x8000, 0, 0x8000, 65536), EMULATED_NOT);
    assert_int_equal(test.toggles, 2);
    assert_false(test.vcpu.in_kernel);
}

static void a_bitmap_permits_ports_only(void **state)
{
    (void)state;
    assert_int_equal(by_bitmap("\xfa", 0, 0, 64, 65536), EMULATED_NOT);     /* cli */
    assert_int_equal(by_bitmap("\xfb", 0, 0, 64, 65536), EMULATED_NOT);     /* sti */
    assert_int_equal(by_bitmap("\x0f\x06", 0, 0, 64, 65536), EMULATED_NOT); /* clts */
    assert_int_equal(test.toggles, 0);
    assert_int_equal(by_bitmap("\xe4\x21", 0, 0x21, 1, 65536), EMULATED_DONE); /* in $0x21, %al */
    assert_int_equal(by_bitmap("\xe4\x21", 0x21, 0x20, 1, 65536), EMULATED_NOT);
}

/* In 32-bit code a string instruction may have 16-bit addresses: DI, SI and CX count. */
static void short_addresses_of_ports(void **state)
{
    struct registers *r = GUEST("\xf3\x67\x6d"); /* rep addr16 insl */

    (void)state;
    test.vcpu.registers.cs = CS32;
    r->rdi = 0xabcdfffe;
    r->rcx = 0x50001;
    assert_int_equal(emulate_privileged(&test.vcpu), EMULATED_FAULT);
    assert_int_equal(test.fault_address, 0xfffe);

    r = GUEST("\x67\x6e"); /* addr16 outsb */
    test.vcpu.registers.cs = CS32;
    r->rsi = 0xabcd0123;
    assert_int_equal(emulate_privileged(&test.vcpu), EMULATED_FAULT);
    assert_int_equal(test.fault_address, 0x123);

    r = GUEST("\xf3\x67\x6c"); /* rep addr16 insb */
    test.vcpu.registers.cs = CS32;
    r->rcx = 0x50000; /* a count of 0 */
    r->rdi = 0xabcd0123;
    expect_done(3);
    assert_int_equal(r->rdi, 0xabcd0123);
}

/* Ports, CLI and STI depend on the virtual IOPL; the guest's kernel counts as ring 1 or 0. */
static void ports_obey_the_virtual_iopl(void **state)
{
    static const struct {
        bool kernel, architectural;
        u8 iopl;
        enum emulated emulated;
    } cases[] = {
        {true, false, 0, EMULATED_NOT},   {true, true, 0, EMULATED_DONE},
        {true, false, 1, EMULATED_DONE},  {false, false, 2, EMULATED_NOT},
        {false, false, 3, EMULATED_DONE},
    };

    (void)state;
    for (u32 i = 0; i < ARRAY_LENGTH(cases) * 2; i++) {
        code(CODE, i & 1 ? "\xec" : "\xfb", 1);
        test.vcpu.in_kernel = cases[i / 2].kernel;
        test.vcpu.iopl = cases[i / 2].iopl;
        test.domain.vm_assist = (u32)cases[i / 2].architectural << VMASST_TYPE_architectural_iopl;
        assert_int_equal(emulate_privileged(&test.vcpu), cases[i / 2].emulated);
    }
    GUEST("\x0f\x06"); /* clts: a privileged instruction without ports or IF */
    test.vcpu.in_kernel = false;
    test.vcpu.iopl = 3;
    assert_int_equal(emulate_privileged(&test.vcpu), EMULATED_NOT);
}

static void control_registers(void **state)
{
    struct registers *r;

    (void)state;
    r = GUEST("\x41\x0f\x20\xd0"); /* mov %cr2, %r8 */
    expect_done(4);
    assert_int_equal(r->r8, 0x1122334455667702);
    r = GUEST("\x0f\x22\xdb"); /* mov %rbx, %cr3 */
    r->rbx = 0x5000;
    expect_done(3);
    r = GUEST("\x0f\x22\xdb");
    r->rbx = 0x6000;
    assert_int_equal(emulate_privileged(&test.vcpu), EMULATED_NOT);
    assert_int_equal(r->rip, CODE);
    /* The operation is interrupted: the instruction must be executed again. */
    r = GUEST("\x0f\x22\xdb");
    r->rbx = 0x7000;
    assert_int_equal(emulate_privileged(&test.vcpu), EMULATED_RETRY);
    assert_int_equal(r->rip, CODE);
    GUEST("\x0f\x06");
    test.vcpu.fpu_task_switched = true;
    expect_done(2);
    assert_false(test.vcpu.fpu_task_switched);
    r = GUEST("\x0f\x01\xd1");
    r->rax = 0x1111111100000007;
    expect_done(3);
}

static void caches_are_written_back_for_devices_only(void **state)
{
    (void)state;
    GUEST("\x0f\x09"); /* wbinvd */
    expect_done(2);
    assert_int_equal(test.caches_written, 0);
    GUEST("\x0f\x09");
    test.domain.privileged = true;
    expect_done(2);
    assert_int_equal(test.caches_written, 1);
}

static void msrs_and_their_faults(void **state)
{
    struct registers *r;

    (void)state;
    r = GUEST("\x0f\x32");
    r->rcx = 0xabcdef0000000010;
    expect_done(2);
    assert_int_equal(r->rax, 0x44332211);
    assert_int_equal(r->rdx, 0x88776655);
    r = GUEST("\x0f\x32"); /* before the guest has registered a handler */
    r->rcx = 0x11;
    r->rax = r->rdx = 5;
    expect_done(2);
    assert_int_equal(r->rax | r->rdx, 0);
    r = GUEST("\x0f\x32");
    r->rcx = 0x11;
    test.vcpu.trap[VECTOR_GP].address = 0x1000;
    assert_int_equal(emulate_privileged(&test.vcpu), EMULATED_NOT);
    r = GUEST("\x0f\x30");
    r->rcx = 0x10;
    r->rax = 0x1111111100000006;
    r->rdx = 0x2222222200000005;
    expect_done(2);
    r = GUEST("\x0f\x30");
    r->rcx = 0x11;
    assert_int_equal(emulate_privileged(&test.vcpu), EMULATED_NOT);
}

static void halting_is_not_executed(void **state)
{
    (void)state;
    GUEST("\xf4");
    assert_int_equal(emulate_privileged(&test.vcpu), EMULATED_NOT);
    GUEST("\x0f\x01\x38"); /* invlpg */
    assert_int_equal(emulate_privileged(&test.vcpu), EMULATED_NOT);
}

static void a_trap_flag_takes_effect_behind_the_instruction(void **state)
{
    struct registers *r = GUEST("\xfa");

    (void)state;
    r->rflags |= RFLAGS_TF;
    assert_int_equal(emulate_privileged(&test.vcpu), EMULATED_DONE);
    assert_int_equal(r->rip, CODE + 1);
    assert_int_equal(test.delivered, VECTOR_DB);
    assert_true(test.vcpu.debug[6] & DR6_BS);
}

static void int_n_obeys_its_gate(void **state)
{
    static const struct {
        bool kernel, architectural;
        u8 dpl;
        bool passes;
    } cases[] = {{false, false, 3, true}, {false, false, 2, false}, {true, false, 3, true},
                 {true, false, 1, true},  {true, false, 0, false},  {true, true, 0, true}};

    (void)state;
    for (u32 i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct registers *r = GUEST("\xcd\x80");

        test.vcpu.in_kernel = cases[i].kernel;
        test.vcpu.trap[0x80] = (struct entry_point){.address = 0x1000, .dpl = cases[i].dpl};
        test.domain.vm_assist = (u32)cases[i].architectural << VMASST_TYPE_architectural_iopl;
        assert_int_equal(emulate_privileged(&test.vcpu), EMULATED_FAULT);
        assert_int_equal(test.delivered, cases[i].passes ? 0x80 : VECTOR_GP);
        assert_int_equal(test.error_code, cases[i].passes ? 0 : 0x402);
        assert_int_equal(r->rip, cases[i].passes ? CODE + 2 : CODE);
    }
    GUEST("\xcd\x80"); /* the guest has no handler for this vector */
    test.vcpu.trap[0x80].dpl = 3;
    emulate_privileged(&test.vcpu);
    assert_int_equal(test.delivered, VECTOR_GP);
    assert_int_equal(test.error_code, 0x402);
}

static void forced_cpuid_needs_all_of_its_prefix(void **state)
{
    struct registers *r = GUEST("\x0f\x0bxen\x0f\xa2");

    (void)state;
    r->rax = 0xffffffff00000010;
    r->rcx = 0x20;
    test.vcpu.in_kernel = false;
    assert_int_equal(emulate_forced_cpuid(&test.vcpu), EMULATED_DONE);
    assert_int_equal(r->rax, 0x11);
    assert_int_equal(r->rbx, 0x12);
    assert_int_equal(r->rcx, 0x23);
    assert_int_equal(r->rdx, 4);
    assert_int_equal(r->rip, CODE + 7);

    GUEST("\x0f\x0bxen\x0f\xa3");
    assert_int_equal(emulate_forced_cpuid(&test.vcpu), EMULATED_NOT);
    GUEST("\x0f\x0b");
    assert_int_equal(emulate_forced_cpuid(&test.vcpu), EMULATED_NOT);
    GUEST_AT(MEMORY + MEMORY_SIZE - 6, "\x0f\x0bxen\x0f\xa2");
    assert_int_equal(emulate_forced_cpuid(&test.vcpu), EMULATED_NOT);
}

/* ---- stores to page tables ----------------------------------------------------------------- */

static void a_store_changes_entry_and_registers(void **state)
{
    struct registers *r = GUEST("\x48\x87\x03"); /* xchg %rax, (%rbx) */

    (void)state;
    r->rax = 0x1111;
    r->rbx = TABLE;
    *table() = 0x2222;
    assert_int_equal(emulate_table_write(&test.vcpu, TABLE, maddr(TABLE)), EMULATED_DONE);
    assert_int_equal(*table(), 0x1111);
    assert_int_equal(r->rax, 0x2222);
    assert_int_equal(r->rip, CODE + 3);
    assert_int_equal(r->rflags & RFLAGS_RF, 0);
}

static void a_lost_race_is_run_again(void **state)
{
    struct registers *r = GUEST("\xf0\x48\x0f\xc1\x03"); /* lock xadd %rax, (%rbx) */

    (void)state;
    r->rbx = TABLE;
    r->rax = 3;
    *table() = 0x67;
    test.races = 1;
    assert_int_equal(emulate_table_write(&test.vcpu, TABLE, maddr(TABLE)), EMULATED_DONE);
    assert_int_equal(test.writes, 2);
    assert_int_equal(*table(), 0x27 + 3);
    assert_int_equal(r->rax, 0x27);

    r = GUEST("\xf0\x48\x0f\xc1\x03");
    r->rbx = TABLE;
    test.races = 1000;
    assert_int_equal(emulate_table_write(&test.vcpu, TABLE, maddr(TABLE)), EMULATED_RETRY);
    assert_int_equal(r->rip, CODE);
}

static void what_the_engine_says_is_told_apart(void **state)
{
    static const struct {
        enum vmmu_result result;
        enum emulated emulated;
    } cases[] = {{VMMU_AGAIN, EMULATED_RETRY},
                 {VMMU_REFUSED_NOT_L1_TABLE, EMULATED_RETRY},
                 {VMMU_REFUSED_FOREIGN_MAPPING, EMULATED_NOT},
                 {VMMU_REFUSED_CACHE_BITS, EMULATED_NOT}};

    (void)state;
    for (u32 i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct registers *r = GUEST("\x48\x87\x03"), before;

        r->rbx = TABLE;
        before = *r;
        test.write_result = cases[i].result;
        assert_int_equal(emulate_table_write(&test.vcpu, TABLE, maddr(TABLE)), cases[i].emulated);
        assert_memory_equal(r, &before, sizeof before);
    }
}

static void a_store_elsewhere_is_not_the_one(void **state)
{
    struct registers *r = GUEST("\x48\x89\x03"); /* mov %rax, (%rbx) */

    (void)state;
    r->rbx = TABLE + 8;
    assert_int_equal(emulate_table_write(&test.vcpu, TABLE, maddr(TABLE)), EMULATED_NOT);
    r->rbx = TABLE + 4; /* a misaligned address */
    assert_int_equal(emulate_table_write(&test.vcpu, TABLE + 4, maddr(TABLE + 4)), EMULATED_NOT);
    r->rbx = TABLE;
    assert_int_equal(emulate_table_write(&test.vcpu, TABLE + 8, maddr(TABLE + 8)), EMULATED_NOT);
    assert_int_equal(test.writes, 0);
    r = GUEST("\x6d"); /* ins: not an ordinary store */
    r->rdi = TABLE;
    assert_int_equal(emulate_table_write(&test.vcpu, TABLE, maddr(TABLE)), EMULATED_NOT);
    r = GUEST("\x48\x0f\xc7\x0b"); /* cmpxchg16b */
    r->rbx = TABLE;
    assert_int_equal(emulate_table_write(&test.vcpu, TABLE, maddr(TABLE)), EMULATED_NOT);
}

static void an_instruction_at_the_end_of_readable_code(void **state)
{
    struct registers *r = GUEST_AT(MEMORY + MEMORY_SIZE - 3, "\x48\x89\x03");

    (void)state;
    r->rbx = TABLE;
    r->rax = 0x77;
    assert_int_equal(emulate_table_write(&test.vcpu, TABLE, maddr(TABLE)), EMULATED_DONE);
    assert_int_equal(*table(), 0x77);

    r = GUEST_AT(MEMORY + MEMORY_SIZE - 2, "\x48\x89\x03");
    r->rax = r->rbx = TABLE;
    assert_int_equal(emulate_table_write(&test.vcpu, TABLE, maddr(TABLE)), EMULATED_NOT);
}

static void a_copied_entry_comes_from_the_source(void **state)
{
    struct registers *r = GUEST("\xf3\x48\xa5"); /* rep movsq */

    (void)state;
    r->rcx = 2;
    r->rsi = MEMORY + 0x800;
    r->rdi = TABLE;
    memcpy(guest(r->rsi, 8), "abcdefgh", 8);
    assert_int_equal(emulate_table_write(&test.vcpu, TABLE, maddr(TABLE)), EMULATED_DONE);
    assert_memory_equal(guest(TABLE, 8), "abcdefgh", 8);
    assert_int_equal(r->rip, CODE);
    assert_int_equal(r->rcx, 1);
    assert_int_equal(r->rdi, TABLE + 8);

    r = GUEST("\x48\xa5");
    /* The source is not readable: the access faults by itself when it is repeated. */
    r->rsi = 0xdead000;
    r->rdi = TABLE;
    assert_int_equal(emulate_table_write(&test.vcpu, TABLE, maddr(TABLE)), EMULATED_RETRY);
    r->rsi = 0xffff830000000000; /* the source is an address of the hypervisor */
    assert_int_equal(emulate_table_write(&test.vcpu, TABLE, maddr(TABLE)), EMULATED_NOT);
    assert_int_equal(test.writes, 0);
}

static void code_of_32_bits_stores_too(void **state)
{
    struct registers *r = GUEST("\x89\x03"); /* mov %eax, (%ebx) */

    (void)state;
    r->cs = CS32;
    r->rax = 0x1111111122222222;
    r->rbx = TABLE | 0x500000000;
    *table() = ~0ull;
    assert_int_equal(emulate_table_write(&test.vcpu, TABLE, maddr(TABLE)), EMULATED_DONE);
    assert_int_equal(*table(), 0xffffffff22222222);
}

static void other_names_of_debug_registers_end_with_cr4_de(void **state)
{
    (void)state;
    GUEST("\x0f\x21\xe0"); /* mov %dr4, %rax */
    expect_done(3);
    GUEST("\x0f\x21\xe0");
    test.vcpu.cr4 = CR4_DE;
    assert_int_equal(emulate_privileged(&test.vcpu), EMULATED_FAULT);
    assert_int_equal(test.delivered, VECTOR_UD);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(user_mode_gets_nothing_privileged),
        cmocka_unit_test(ports_are_empty),
        cmocka_unit_test(a_port_read_into_bad_memory_faults_there),
        cmocka_unit_test(a_string_fault_names_the_page),
        cmocka_unit_test(a_bitmap_permits_each_port),
        cmocka_unit_test(a_bitmap_ends),
        cmocka_unit_test(a_bitmap_permits_ports_only),
        cmocka_unit_test(short_addresses_of_ports),
        cmocka_unit_test(ports_obey_the_virtual_iopl),
        cmocka_unit_test(control_registers),
        cmocka_unit_test(caches_are_written_back_for_devices_only),
        cmocka_unit_test(msrs_and_their_faults),
        cmocka_unit_test(halting_is_not_executed),
        cmocka_unit_test(a_trap_flag_takes_effect_behind_the_instruction),
        cmocka_unit_test(int_n_obeys_its_gate),
        cmocka_unit_test(forced_cpuid_needs_all_of_its_prefix),
        cmocka_unit_test(a_store_changes_entry_and_registers),
        cmocka_unit_test(a_lost_race_is_run_again),
        cmocka_unit_test(what_the_engine_says_is_told_apart),
        cmocka_unit_test(a_store_elsewhere_is_not_the_one),
        cmocka_unit_test(an_instruction_at_the_end_of_readable_code),
        cmocka_unit_test(a_copied_entry_comes_from_the_source),
        cmocka_unit_test(code_of_32_bits_stores_too),
        cmocka_unit_test(other_names_of_debug_registers_end_with_cr4_de),
    };

    return cmocka_run_group_tests_name("hypervisor/emulate", tests, NULL, NULL);
}
