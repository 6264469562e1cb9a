/* SPDX-License-Identifier: MIT */
/* A breakpoint that fires in the hypervisor's first instruction.
 *
 * A load of ss delays debug exceptions for one instruction. When its operand is watched and the
 * next instruction enters the hypervisor, the exception arrives there, before it has a stack: it
 * must survive, the call must do its work, and the guest continues. This is tried with every way to
 * enter it. */
#include "tests/guests/common/guest.h"

static u16 stack_selector = GUEST_SS;
static unsigned debugs, others;

static void count_debug(struct trap_frame *frame)
{
    (void)frame;
    debugs++;
}

static void count_other(struct trap_frame *frame)
{
    (void)frame;
    others++;
}

static void watch(u64 on)
{
    check_equal(hypercall(__HYPERVISOR_set_debugreg, 0, on ? address(&stack_selector) : 0, 0), 0,
                "dr0");
    check_equal(hypercall(__HYPERVISOR_set_debugreg, 7, on ? 3u << 16 | 1u << 18 | 3 : 0, 0), 0,
                "dr7");
    check_equal(hypercall(__HYPERVISOR_set_debugreg, 6, 0, 0), 0, "dr6");
}

static long movss_syscall(void)
{
    u64 result = __HYPERVISOR_xen_version;

    __asm__ volatile("mov %1, %%ss; syscall"
                     : "+a"(result)
                     : "m"(stack_selector), "D"((u64)XENVER_version), "S"(0ull)
                     : "rcx", "r11", "rdx", "r8", "r9", "r10", "memory");
    return (long)result;
}

void test_main(void)
{
    long version = xen_version(XENVER_version, NULL);

    trap_take(VECTOR_DB, count_debug);
    trap_take(VECTOR_BP, count_other);
    trap_take(VECTOR_INT80, count_other);
    for (unsigned i = 0; i < 100; i++) {
        watch(1);
        check_equal(movss_syscall(), version, "a hypercall behind a watched load of ss");
        __asm__ volatile("mov %0, %%ss; int3" ::"m"(stack_selector) : "memory");
        __asm__ volatile("mov %0, %%ss; int $0x80" ::"m"(stack_selector) : "memory");
        watch(0);
    }
    check_equal(others, 200, "int3 and int 0x80 that came");
    print("Note: %u debug exceptions came to the guest\n", debugs);
    check_equal(xen_version(XENVER_version, NULL), version, "a hypercall afterwards");
}
