/* SPDX-License-Identifier: MIT */
/* A vCPU crashes while the others work on the domain's page tables: the domain ends, and nothing of
 * it is left.
 * Expect: crash Vcpus: 4 Cpus: 1 2 4 */
#include "tests/guests/common/hammer.h"

/* Unmaps this vCPU's stack, so that no trap can be delivered to it. */
static void crash(void)
{
    __asm__ volatile("mov %0, %%rsp; push $0" ::"r"(0x1000ul) : "memory");
    __builtin_unreachable();
}

void test_main(void)
{
    hammer_until(crash);
}
