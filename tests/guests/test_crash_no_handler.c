/* SPDX-License-Identifier: MIT */
/* Expect: crash
 *
 * A trap for which the guest registered no handler cannot be delivered: the domain ends. */
#include "tests/guests/common/guest.h"

void test_main(void)
{
    if (hypercall(__HYPERVISOR_set_trap_table, 0, 0, 0)) {
        error("cannot empty the trap table");
    }
    print_verdict();
    __asm__ volatile("ud2");
}
