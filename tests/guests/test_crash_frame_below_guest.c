/* SPDX-License-Identifier: MIT */
/* Expect: crash
 *
 * XSA-215: the stack is the guest's lowest page above the hypervisor's space, and a frame that is
 * pushed there would reach below it. Only the end of the frame would be in the guest's space; all
 * of it must be. */
#include "tests/guests/common/guest.h"

#define BOTTOM HYPERVISOR_VIRT_END

static void map_bottom(void)
{
    u64 *table[4];

    for (unsigned level = 1; level <= 3; level++) {
        table[level] = page_take();
        table[level][0] = entry_for(level == 1 ? page_take() : table[level - 1], PTE_TABLE);
    }
    for (unsigned level = 1; level <= 3; level++) {
        if (page_read_only(table[level])) {
            error("cannot make a table read-only");
        }
    }
    if (mmu_update(slot_machine(root_first(), 272), entry_for(table[3], PTE_TABLE))) {
        error("cannot map the page above the hypervisor");
    }
}

static void resume(struct trap_frame *frame)
{
    frame->rip += 2;
}

static void fault_with_stack(u64 stack)
{
    __asm__ volatile("mov %%rsp, %%rbx; mov %0, %%rsp; ud2; mov %%rbx, %%rsp" ::"r"(stack)
                     : "rbx", "memory");
}

void test_main(void)
{
    map_bottom();
    trap_take(VECTOR_UD, resume);
    fault_with_stack(BOTTOM + PAGE_SIZE);
    check_equal(*(u64 *)(BOTTOM + PAGE_SIZE - 8), GUEST_SS, "the frame's last word, in the page");
    print_verdict();
    fault_with_stack(BOTTOM + 48);
}
