/* SPDX-License-Identifier: MIT */
/* Debug registers: the guest's own breakpoints, and only on the guest's own addresses.
 *
 * A breakpoint works in the guest and is reported in its DR6. A breakpoint that would fire in the
 * hypervisor, and values at which the processor would fault, are refused. */
#include "tests/guests/common/guest.h"

static volatile u64 watched;

static long set_debugreg(unsigned index, u64 value)
{
    return hypercall(__HYPERVISOR_set_debugreg, index, value, 0);
}

static u64 get_debugreg(unsigned index)
{
    return (u64)hypercall(__HYPERVISOR_get_debugreg, index, 0, 0);
}

static void touch(void *unused)
{
    (void)unused;
    watched = 1;
    __asm__ volatile("nop; nop");
}

static void check_values(void)
{
    for (unsigned i = 0; i < 4; i++) {
        check_equal(set_debugreg(i, 0x1000 * i), 0, "dr%u", i);
        check_equal(get_debugreg(i), 0x1000 * i, "dr%u read", i);
        check_equal(set_debugreg(i, HYPERVISOR_VIRT_START), -XEN_EPERM, "dr%u in the hypervisor",
                    i);
        check_equal(set_debugreg(i, HYPERVISOR_VIRT_END - 1), -XEN_EPERM, "dr%u at its end", i);
        check(set_debugreg(i, 1ull << 63) < 0, "dr%u nowhere", i);
        check_equal(get_debugreg(i), 0x1000 * i, "dr%u after refusals", i);
        check_equal(set_debugreg(i, 0), 0, "dr%u zero", i);
    }
    check_equal(set_debugreg(8, 0), -XEN_ENODEV, "dr8");
    check_equal((s64)get_debugreg(8), -XEN_ENODEV, "dr8 read");
}

static void check_control(void)
{
    check_equal(set_debugreg(6, 1ull << 32), -XEN_EINVAL, "dr6, upper half");
    check_equal(set_debugreg(7, 1ull << 32), -XEN_EINVAL, "dr7, upper half");
    check(set_debugreg(7, 2u << 16 | 1) < 0, "dr7, an I/O breakpoint");
    check_equal(get_debugreg(7) & 0xff, 0, "dr7 after refusals");
    check_equal(set_debugreg(6, 0), 0, "dr6");
}

static void check_breakpoint(void)
{
    check_equal(set_debugreg(0, address(&watched)), 0, "dr0");
    check_equal(set_debugreg(7, 1u << 16 | 3u << 18 | 3), 0, "dr7: watch four bytes for writing");
    check(trap_catch(touch, NULL), "the watched word can be written in silence");
    check_equal(trap_caught.vector, VECTOR_DB, "vector");
    check(get_debugreg(6) & 1, "dr6: %lx", get_debugreg(6));
    check_equal(watched, 1, "the word: a data breakpoint comes after the access");
    check_equal(set_debugreg(7, 0), 0, "dr7 off");
    check(!trap_catch(touch, NULL), "the breakpoint fires when it is off");
    check_equal(set_debugreg(0, 0), 0, "dr0");
    check_equal(set_debugreg(6, 0), 0, "dr6");
}

/* MOV to and from debug registers is emulated. */
static void move_registers(void *unused)
{
    u64 value;

    (void)unused;
    __asm__ volatile("mov %0, %%dr1" ::"r"(0x4321ull));
    __asm__ volatile("mov %%dr1, %0" : "=r"(value));
    check_equal(value, 0x4321, "mov from dr1");
    __asm__ volatile("mov %0, %%dr1" ::"r"(0ull));
}

static void move_bad(void *unused)
{
    (void)unused;
    __asm__ volatile("mov %0, %%dr1" ::"r"(HYPERVISOR_VIRT_START));
}

static void check_moves(void)
{
    check(!trap_catch(move_registers, NULL), "mov dr1 raises %lu", trap_caught.vector);
    check_traps(VECTOR_GP, move_bad, NULL, "mov dr1 in the hypervisor");
}

/* The trap flag steps one instruction. */
static void step(void *unused)
{
    (void)unused;
    __asm__ volatile("pushf; orl $0x100, (%%rsp); popf; nop; nop" ::: "cc", "memory");
}

static void check_step(void)
{
    check_traps(VECTOR_DB, step, NULL, "a single step raises %lu", trap_caught.vector);
    check(get_debugreg(6) & 1u << 14, "dr6: %lx", get_debugreg(6));
    check_equal(set_debugreg(6, 0), 0, "dr6");
}

void test_main(void)
{
    check_values();
    check_control();
    check_breakpoint();
    check_moves();
    check_step();
}
