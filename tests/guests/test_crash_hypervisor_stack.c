/* SPDX-License-Identifier: MIT */
/* Expect: crash
 *
 * The hypervisor writes trap frames for the guest; a guest that sets its stack into the
 * hypervisor's own space must not get it to write there. */
#include "tests/guests/common/guest.h"

void test_main(void)
{
    print_verdict();
    __asm__ volatile("mov %0, %%rsp; ud2" ::"r"(HYPERVISOR_VIRT_END - 4096) : "memory");
}
