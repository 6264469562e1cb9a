/* SPDX-License-Identifier: MIT */
/* Entries into the hypervisor and exits from it that once crashed a host (groups K and L of
 * docs/security.md).
 *
 * Non-canonical addresses at every place that stores one; SYSENTER with and without the nested-task
 * flag; flags that an IRET may not set; MSRs, XCR0 and the segment-base instructions with all kinds
 * of values. Each ends with an exception in the guest or an error. XSA-1, 7, 8, 44, 54, 136, 193,
 * 293, 333, 339, 351. */
#include "tests/guests/common/user.h"

static struct user_space space;

static const u64 no_addresses[] = {0x0000800000000000, 0x800000000000 + 4096,
                                   0xffff7fffffffffff, 0xffff7ffffffff000,
                                   1ull << 63,         0x8000000000000000 - 1};

/* XSA-7, 193: callbacks, traps, stacks and bases. */
static void check_places(void)
{
    for (unsigned i = 0; i < ARRAY_LENGTH(no_addresses); i++) {
        u64 bad = no_addresses[i];
        struct trap_info table[2] = {{.vector = 6, .cs = FLAT_KERNEL_CS, .address = bad}, {0}};

        for (unsigned type = 0; type < 9; type++) {
            check(set_callback(type, 0, bad) < 0, "callback %u at %lx", type, bad);
        }
        if (!is_initial_domain()) { /* Xen returns 0, and keeps the old address */
            check(hypercall(__HYPERVISOR_set_callbacks, bad, address(failsafe_entry),
                            address(syscall_entry)) < 0,
                  "set_callbacks, the event's at %lx", bad);
        }
        check(hypercall(__HYPERVISOR_set_trap_table, address(table), 0, 0) < 0, "a trap at %lx",
              bad);
        for (unsigned base = 0; base < 3; base++) {
            check(hypercall(__HYPERVISOR_set_segment_base, base, bad, 0) < 0, "base %u at %lx",
                  base, bad);
        }
    }
    traps_start();
    user_start();
}

static u32 msr;
static u64 value;

static void read_msr(void *unused)
{
    u32 low, high;

    (void)unused;
    __asm__ volatile("rdmsr" : "=a"(low), "=d"(high) : "c"(msr));
    value = low | (u64)high << 32;
}

static void write_msr(void *unused)
{
    (void)unused;
    __asm__ volatile("wrmsr" ::"c"(msr), "a"((u32)value), "d"((u32)(value >> 32)) : "memory");
}

/* XSA-333, 351: every index that any processor has, with values that most of them reject. */
static void check_msrs(void)
{
    static const struct {
        u32 first, count;
    } ranges[] = {{0, 0x1000}, {0xc0000000, 0x200}, {0xc0010000, 0x300}, {0xc0011000, 0x100}};
    static const u64 values[] = {0, ~0ull, 0x0000800000000000, 1ull << 63, 0x5555555555555555};

    for (unsigned i = 0; i < ARRAY_LENGTH(ranges); i++) {
        for (u32 j = 0; j < ranges[i].count; j++) {
            u64 before;
            bool readable;

            msr = ranges[i].first + j;
            readable = !trap_catch(read_msr, NULL);
            before = value;
            check(readable || trap_caught.vector == VECTOR_GP, "rdmsr %x: %lu", msr,
                  trap_caught.vector);
            check(!readable || msr < 0x600 || msr > 0x6ff, "power MSR %x can be read", msr);
            for (unsigned v = 0; v < ARRAY_LENGTH(values); v++) {
                value = values[v];
                if (trap_catch(write_msr, NULL)) {
                    check(trap_caught.vector == VECTOR_GP, "wrmsr %x, %lx: %lu", msr, values[v],
                          trap_caught.vector);
                }
            }
            value = before;
            if (readable) {
                trap_catch(write_msr, NULL);
            }
        }
    }
}

/* XSA-54: combinations of extended states that are not allowed, or do not exist. */
static void set_xcr(void *index)
{
    __asm__ volatile("xsetbv" ::"c"((u32)address(index)), "a"((u32)value), "d"((u32)(value >> 32)));
}

static void get_xcr(void *unused)
{
    u32 low, high;

    (void)unused;
    __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    value = low | (u64)high << 32;
}

static void check_xcr0(void)
{
    static const u64 refused[] = {
        0, 2, 4, 5, 6, 8 | 3, 1ull << 63 | 3, ~0ull, 3 | 1ull << 5, 0xe0 | 3, 1ull << 32 | 3};
    u64 before;

    /* Xen's initial domain can read it without having XSAVE. */
    if (trap_catch(get_xcr, NULL) || is_initial_domain()) {
        if (!is_initial_domain()) {
            check_equal(trap_caught.vector, VECTOR_UD, "xgetbv without XSAVE");
        }
        for (unsigned i = 0; i < ARRAY_LENGTH(refused); i++) {
            value = refused[i];
            check(trap_catch(set_xcr, NULL), "XCR0 = %lx without XSAVE", refused[i]);
        }
        return;
    }
    before = value;
    for (unsigned i = 0; i < ARRAY_LENGTH(refused); i++) {
        value = refused[i];
        check_traps(VECTOR_GP, set_xcr, NULL, "XCR0 = %lx", refused[i]);
    }
    value = before;
    check_traps(VECTOR_GP, set_xcr, (void *)1, "XCR1");
    check(!trap_catch(set_xcr, NULL), "XCR0 as it was");
}

/* XSA-293: instructions that the guest has not enabled. */
static void write_gs_base(void *base)
{
    __asm__ volatile("wrgsbase %0" ::"r"(base));
}

static void read_fs_base(void *unused)
{
    u64 base;

    (void)unused;
    __asm__ volatile("rdfsbase %0" : "=r"(base));
}

static void check_bases(void)
{
    check_traps(VECTOR_UD, write_gs_base, NULL, "wrgsbase");
    check_traps(VECTOR_UD, write_gs_base, (void *)(1ull << 63), "wrgsbase of no address");
    check_traps(VECTOR_UD, read_fs_base, NULL, "rdfsbase");
}

/* XSA-8, 44, 339: SYSENTER, which is not set up, with flags that break an IRET. */
extern const u8 enter_code[], enter_code_end[];
__asm__(".pushsection .rodata\n"
        "enter_code: pushf; orl $0x4000, (%rsp); test %rax, %rax; jz 1f; popf; pushf\n"
        "1: sysenter; ud2\n"
        "enter_code_end:\n"
        ".popsection\n");

static void check_sysenter(void)
{
    for (u64 nested = 0; nested < 2; nested++) {
        for (unsigned again = 0; again < 3; again++) {
            struct trap_frame frame = {.rip = USER_CODE,
                                       .rsp = USER_STACK,
                                       .rflags = RFLAGS_IF | (nested ? RFLAGS_NT : 0),
                                       .rax = nested};

            memcpy(space.code, enter_code, (size_t)(enter_code_end - enter_code));
            user_run(&frame, 0);
            check(frame.vector == VECTOR_GP || frame.vector == VECTOR_UD, "sysenter raises %lu",
                  frame.vector);
            /* Where the processor has the instruction, it has jumped, and saved no RIP. */
            if (frame.rip != 0) {
                check_equal(frame.rip, USER_CODE + (u64)(enter_code_end - enter_code) - 4,
                            "its rip");
            }
            check(frame.rflags & RFLAGS_IF, "flags %lx", frame.rflags);
        }
    }
}

/* XSA-136: flags of an IRET that would change the mode or disable interrupts. */
static void check_iret_flags(void)
{
    static const u8 code[] = {0x9c, 0x58, 0xcd, 0x80}; /* pushf; pop %rax; int $0x80 */

    for (unsigned bit = 0; bit < 64; bit++) {
        struct trap_frame frame = {
            .rip = USER_CODE, .rsp = USER_STACK, .rflags = RFLAGS_IF | 1ull << bit};

        if (1ull << bit == RFLAGS_TF) {
            continue;
        }
        memcpy(space.code, code, sizeof code);
        user_run(&frame, 0);
        check_equal(frame.vector, VECTOR_INT80, "flag %u: the way back", bit);
        check(frame.rax & RFLAGS_IF, "flag %u: interrupts are really off: %lx", bit, frame.rax);
        check(!(frame.rax & (RFLAGS_IOPL | 1ull << 17)), "flag %u: %lx in user mode", bit,
              frame.rax);
    }
}

/* XSA-1: a vCPU cannot be initialised a second time, and vCPUs that do not exist cannot be
 * initialised. */
static void check_initialise(void)
{
    static struct vcpu_guest_context context;

    for (unsigned flags = 0; flags < 8; flags++) {
        memset(&context, 0, sizeof context);
        context.flags = flags;
        context.ctrlreg[3] = read_cr3();
        context.user_regs.cs = KERNEL_CS;
        check(vcpu_op(VCPUOP_initialise, 0, &context) < 0, "flags %u", flags);
        check(vcpu_op(VCPUOP_initialise, 1, &context) <= 0, "another vCPU, flags %u", flags);
        check(vcpu_op(VCPUOP_initialise, 31, &context) < 0, "vCPU 31, flags %u", flags);
        check(vcpu_op(VCPUOP_initialise, ~0u, &context) < 0, "vCPU 2^32 - 1, flags %u", flags);
    }
}

/* XSA-7: a SYSCALL at the last address before the non-canonical range, so that its return address
 * is not canonical. */
#define LAST_PAGE 0x00007ffffffff000ull

static void call_at_the_end(void *at)
{
    __asm__ volatile("jmp *%0" ::"r"(at), "a"(__HYPERVISOR_xen_version), "D"(0), "S"(0));
}

static void check_last_address(void)
{
    static const u8 code[] = {0x0f, 0x05}; /* syscall */
    u64 *table[4] = {page_take(), page_take(), page_take(), page_take()};

    memcpy((u8 *)table[0] + PAGE_SIZE - sizeof code, code, sizeof code);
    for (unsigned level = 1; level < 4; level++) {
        table[level][511] = entry_for(table[level - 1], level == 1 ? PTE_RO : PTE_TABLE);
    }
    for (unsigned level = 1; level < 4; level++) {
        check_equal(page_read_only(table[level]), 0, "a table of level %u", level);
    }
    check_equal(mmu_update(entry_machine(LAST_PAGE, 4) | MMU_NORMAL_PT_UPDATE,
                           entry_for(table[3], PTE_TABLE)),
                0, "the last page of the lower half");
    check_equal(set_callback(CALLBACKTYPE_failsafe, 0, address(failsafe_entry)), 0, "failsafe");
    check(trap_catch(call_at_the_end, (void *)(LAST_PAGE + PAGE_SIZE - sizeof code)),
          "a hypercall that returns nowhere");
    check(trap_caught.vector == VECTOR_GP || trap_caught.vector == VECTOR_FAILSAFE,
          "what comes of it: %lu", trap_caught.vector);
    check_equal(trap_caught.rip, LAST_PAGE + PAGE_SIZE, "its rip");
}

void test_main(void)
{
    user_space_make(&space);
    check_places();
    check_msrs();
    check_xcr0();
    check_bases();
    check_sysenter();
    check_iret_flags();
    check_initialise();
    check_last_address();
}
