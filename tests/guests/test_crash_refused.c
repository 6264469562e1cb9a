/* SPDX-License-Identifier: MIT */
/* Expect: crash
 *
 * A guest kernel asks for a writable mapping of its own page table, ignores that the hypervisor
 * refuses, and writes there. It has no handler for the page fault, so the domain ends, and the
 * report shows both: the refusal and the address without a mapping. docs/debugging.md reads it. */
#include "tests/guests/common/guest.h"

static void write_to_table(volatile u64 *window)
{
    *window = 0;
}

void test_main(void)
{
    volatile u64 *window = window_take();
    const u64 machine = entry_machine(address(window), 1);

    check_equal(mmu_update(machine, 0), 0, "unmapping the window");
    check_equal(mmu_update(machine, entry_for(root_first(), PTE_RW)), -XEN_EBUSY,
                "a writable mapping of the root");
    if (hypercall(__HYPERVISOR_set_trap_table, 0, 0, 0)) {
        error("cannot empty the trap table");
    }
    print_verdict();
    write_to_table(window);
}
