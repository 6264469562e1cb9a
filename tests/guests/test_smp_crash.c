/* SPDX-License-Identifier: MIT */
/* A vCPU dies while the others are in the midst of everything: its domain dies with it, and nothing
 * of it is left. Expect: crash Vcpus: 4 Cpus: 1 2 4 */
#include "tests/guests/common/hammer.h"

/* Our stack goes, and with it the way to tell us. */
static void crash(void)
{
    __asm__ volatile("mov %0, %%rsp; push $0" ::"r"(0x1000ul) : "memory");
    __builtin_unreachable();
}

void test_main(void)
{
    hammer_until(crash);
}
