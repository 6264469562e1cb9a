/* SPDX-License-Identifier: MIT */
/* A kernel that offers no system calls.
 *
 * Without a syscall callback a user's `syscall` cannot be delivered: it raises an invalid opcode at
 * the instruction itself, exactly once. The same test tries INT 0x80 without a handler. */
#include "tests/guests/common/user.h"

static struct user_space space;
static u8 entry_stack[8192] __attribute__((aligned(16)));

extern const u8 user_syscall[], user_syscall_end[], user_int80[], user_int80_end[];
__asm__(".pushsection .rodata\n"
        "user_syscall: syscall; ud2\n"
        "user_syscall_end:\n"
        "user_int80: int $0x80; ud2\n"
        "user_int80_end:\n"
        ".popsection\n");

static void make_space(void)
{
    u64 *l3 = page_take(), *l2 = page_take(), *l1 = page_take(), *root = page_take();

    space.code = page_take();
    l1[table_index(USER_CODE, 1)] = entry_for(space.code, PTE_RO);
    l2[table_index(USER_CODE, 2)] = entry_for(l1, PTE_TABLE);
    l3[table_index(USER_CODE, 3)] = entry_for(l2, PTE_TABLE);
    root[table_index(USER_CODE, 4)] = entry_for(l3, PTE_TABLE);
    if (page_read_only(l1) || page_read_only(l2) || page_read_only(l3) || page_read_only(root) ||
        mmuext(MMUEXT_NEW_USER_BASEPTR, mfn_of(root), 0)) {
        error("cannot make a user root");
    }
    if (stack_switch(address(entry_stack + sizeof entry_stack))) {
        error("stack_switch failed");
    }
}

void test_main(void)
{
    struct trap_info none[2] = {{.vector = VECTOR_INT80}, {0}};
    struct trap_frame frame;

    make_space();
    for (unsigned i = 0; i < 2; i++) {
        user_run_code(&space, user_syscall, user_syscall_end, &frame);
        check_equal(frame.vector, VECTOR_UD, "syscall without a callback, run %u", i);
        check_equal(frame.rip, USER_CODE, "its rip");
        check_equal(frame.cs & 3, 3, "its privilege");
    }

    /* An entry with address 0 ends the trap table, so the only way to have no handler is an empty
     * table. */
    check_equal(hypercall(__HYPERVISOR_set_trap_table, 0, 0, 0), 0, "emptying the trap table");
    none[0].vector = VECTOR_GP;
    none[0].cs = FLAT_KERNEL_CS;
    none[0].address = trap_entries[VECTOR_GP];
    check_equal(hypercall(__HYPERVISOR_set_trap_table, address(none), 0, 0), 0, "only #GP");
    user_run_code(&space, user_int80, user_int80_end, &frame);
    check_equal(frame.vector, VECTOR_GP, "int 0x80 without a gate");
    check_equal(frame.error, 0x80 << 3 | 2, "its error code");
    check_equal(frame.rip, USER_CODE, "its rip");
}
