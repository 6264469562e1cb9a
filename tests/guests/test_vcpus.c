/* SPDX-License-Identifier: MIT */
/* A second vCPU starts only from a first state that a processor could have, starts once, runs, goes
 * down and comes up again. Every invalid state is refused and leaves the vCPU as it was.
 * Vcpus: 2 */
#include "tests/guests/common/time.h"

#define CS64            0xe033
#define SS              0xe02b
#define NON_CANONICAL   0x0000800000000000ull
#define RFLAGS_STARTING (RFLAGS_IF | RFLAGS_FIXED)

static struct vcpu_guest_context context __attribute__((aligned(64)));
static u8 stack[8192] __attribute__((aligned(16)));
static volatile u32 rounds; /* how often the second vCPU came up */
static u8 not_a_table[PAGE_SIZE] __attribute__((aligned(4096)));

/* What the second vCPU runs: it counts and goes down, and continues here when it is up again. */
static void second(void)
{
    for (;;) {
        rounds++;
        vcpu_op(VCPUOP_down, 1, NULL);
    }
}

static void make_context(void)
{
    memset(&context, 0, sizeof context);
    context.flags = VGCF_in_kernel;
    context.user_regs.rip = (u64)second;
    context.user_regs.rsp = (u64)(stack + sizeof stack - 8);
    context.user_regs.cs = CS64;
    context.user_regs.ss = SS;
    context.user_regs.rflags = RFLAGS_STARTING;
    context.kernel_ss = SS;
    context.kernel_sp = (u64)(stack + sizeof stack);
    context.ctrlreg[3] = xen_pfn_to_cr3(mfn_of(root_first()));
}

/* Changes one word of a valid state, tries the state, and restores the word. */
static void check_bad(void *word, u64 bad, long error, const char *what)
{
    u64 good;

    memcpy(&good, word, sizeof good);
    memcpy(word, &bad, sizeof bad);
    check_equal(vcpu_op(VCPUOP_initialise, 1, &context), error, "%s", what);
    check_equal(vcpu_op(VCPUOP_up, 1, NULL), -XEN_EINVAL, "up after a bad state: %s", what);
    check_equal(vcpu_op(VCPUOP_is_up, 1, NULL), 0, "is_up after a bad state: %s", what);
    memcpy(word, &good, sizeof good);
}

static void check_bad_states(void)
{
    check_equal(vcpu_op(VCPUOP_initialise, 1, (void *)HYPERVISOR_VIRT_START), -XEN_EFAULT,
                "a state in the hypervisor's space");
    check_bad(&context.user_regs.rip, NON_CANONICAL, -XEN_EINVAL, "rip");
    check_bad(&context.event_callback_eip, NON_CANONICAL, -XEN_EINVAL, "event callback");
    check_bad(&context.syscall_callback_eip, 1ull << 63, -XEN_EINVAL, "syscall callback");
    check_bad(&context.gs_base_kernel, NON_CANONICAL, -XEN_EINVAL, "GS base");
    check_bad(&context.trap_ctxt[255].address, NON_CANONICAL, -XEN_EINVAL, "a trap's handler");
    check_bad(&context.flags, 0, -XEN_EINVAL, "user mode without a user root (XSA-1)");
    check_bad(&context.gdt_ents, 8192, -XEN_EINVAL, "too many descriptors");
    check_bad(&context.debugreg[7], 1ull << 32, -XEN_EINVAL, "DR7 (XSA-12)");
    check_bad(&context.debugreg[0], HYPERVISOR_VIRT_START, -XEN_EINVAL, "DR0");
    check_bad(&context.ctrlreg[3], xen_pfn_to_cr3(mfn_of(not_a_table) + (1ull << 39)), -XEN_EINVAL,
              "a root that is no frame");
    *(u64 *)not_a_table = ~0ull;
    check_bad(&context.ctrlreg[3], xen_pfn_to_cr3(mfn_of(not_a_table)), -XEN_EINVAL,
              "a root that is no table");
}

/* Waits until the second vCPU has gone down for the `count`-th time. */
static void wait_for(u32 count)
{
    u64 end = time_of(&vcpu_info()->time) + PATIENCE;

    while (time_of(&vcpu_info()->time) < end) {
        if (rounds == count && vcpu_op(VCPUOP_is_up, 1, NULL) == 0) {
            return;
        }
        sched_op(SCHEDOP_yield, NULL);
    }
    check(false, "it ran %u times, not %u, or stays up", rounds, count);
}

void test_main(void)
{
    if (vcpu_op(VCPUOP_is_up, 1, NULL) == -XEN_ENOENT) {
        skip("there is one processor only");
    }
    make_context();
    check_equal(vcpu_op(VCPUOP_up, 1, NULL), -XEN_EINVAL, "up without a first state");
    check_equal(vcpu_op(VCPUOP_initialise, 0, &context), -XEN_EEXIST,
                "a first state for ourselves");
    check_bad_states();
    /* XSA-53: an FPU image that would fault when it is loaded does no harm. */
    memset(&context.fpu_ctxt, 0xff, sizeof context.fpu_ctxt);
    context.flags |= VGCF_i387_valid;
    check_equal(vcpu_op(VCPUOP_initialise, 1, &context), 0, "a good state");
    check_equal(vcpu_op(VCPUOP_initialise, 1, &context), -XEN_EEXIST, "and another");
    check_equal(rounds, 0, "it runs before it is up");
    for (u32 round = 1; round <= 3; round++) {
        check_equal(vcpu_op(VCPUOP_up, 1, NULL), 0, "up, round %u", round);
        wait_for(round);
    }
}
