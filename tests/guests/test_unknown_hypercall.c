/* SPDX-License-Identifier: MIT */
/* An unknown hypercall returns -ENOSYS, and nothing else happens.
 *
 * Guests probe for features by calling. An unknown number, however large, and an unknown
 * sub-operation of each family must return the ABI's error, with all registers intact that a call
 * preserves. */
#include "tests/guests/common/guest.h"

static void check_numbers(void)
{
    static const u64 numbers[] = {
        11,  43,  44,  45,   46,         47,         56,         62,         63,         64,
        100, 255, 256, 1000, 1ull << 16, 1ull << 31, 0xffffffff, 1ull << 32, 1ull << 63, ~0ull};

    for (unsigned i = 0; i < ARRAY_LENGTH(numbers); i++) {
        check_equal(hypercall6(numbers[i], 1, 2, 3, 4, 5, 6), -XEN_ENOSYS, "hypercall %lx",
                    numbers[i]);
    }
    check_equal(hypercall(__HYPERVISOR_xen_version | 1ull << 32, XENVER_version, 0, 0), -XEN_ENOSYS,
                "hypercall 17, with bit 32");
}

static void check_sub_operations(void)
{
    static u64 zeros[64];
    struct mmuext_op unknown = {.cmd = 77};

    check_equal(xen_version(1234, zeros), -XEN_ENOSYS, "xen_version 1234");
    check_equal(memory_op(63, zeros), -XEN_ENOSYS, "memory_op 63");
    check_equal(sched_op(1234, zeros), -XEN_ENOSYS, "sched_op 1234");
    check_equal(event_channel_op(1234, zeros), -XEN_ENOSYS, "event_channel_op 1234");
    check_equal(vcpu_op(1234, 0, zeros), -XEN_ENOSYS, "vcpu_op 1234");
    check_equal(hypercall(__HYPERVISOR_callback_op, 1234, address(zeros), 0), -XEN_ENOSYS,
                "callback_op 1234");
    check_equal(hypercall(__HYPERVISOR_console_io, 1234, 1, address(zeros)), -XEN_ENOSYS,
                "console_io 1234");
    check_equal(hypercall(__HYPERVISOR_physdev_op, 1234, address(zeros), 0), -XEN_ENOSYS,
                "physdev_op 1234");
    check_equal(hypercall6(__HYPERVISOR_mmuext_op, address(&unknown), 1, 0, DOMID_SELF, 0, 0),
                -XEN_ENOSYS, "mmuext_op 77");
    check_equal(hypercall(__HYPERVISOR_vm_assist, 1234, 0, 0), -XEN_ENOSYS, "vm_assist 1234");
    check(hypercall(__HYPERVISOR_vm_assist, VMASST_CMD_enable, 63, 0) < 0, "vm_assist 63 is known");
    check(hypercall(__HYPERVISOR_set_segment_base, 1234, 0, 0) == -XEN_EINVAL, "segment base 1234");
}

/* A call preserves all registers but rax, rcx, r11 and the argument registers. */
static void check_registers(void)
{
    u64 kept[5] = {0x1111, 0x2222, 0x3333, 0x4444, 0x5555}, rax = 11;

    __asm__ volatile("mov (%1), %%rbx; mov 8(%1), %%r12; mov 16(%1), %%r13; mov 24(%1), %%r14\n"
                     "mov 32(%1), %%r15; push %1; syscall; pop %1; mov %%rbx, (%1)\n"
                     "mov %%r12, 8(%1); mov %%r13, 16(%1); mov %%r14, 24(%1); mov %%r15, 32(%1)"
                     : "+a"(rax)
                     : "S"(kept)
                     : "rbx", "rcx", "rdx", "rdi", "r8", "r9", "r10", "r11", "r12", "r13", "r14",
                       "r15", "memory");
    check_equal(rax, -XEN_ENOSYS, "rax");
    for (unsigned i = 0; i < 5; i++) {
        check_equal(kept[i], 0x1111 * (i + 1), "register %u of rbx, r12 to r15", i);
    }
}

void test_main(void)
{
    check_numbers();
    check_sub_operations();
    check_registers();
}
