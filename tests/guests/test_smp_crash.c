/* SPDX-License-Identifier: MIT */
/* A vCPU dies while the others are in the midst of everything: its domain dies with it, and nothing
 * of it is left. Expect: crash Vcpus: 4 Cpus: 1 2 4 */
#include "tests/guests/common/hammer.h"

#define ROUNDS 500u

static void strike_until_the_end(unsigned self)
{
    u64 end = smp_now() + 150 * MILLISECOND;

    smp_barrier();
    while (self || smp_now() < end || hammer.rounds < ROUNDS)
        hammer_strike(self);
    print_verdict();
    /* Our stack goes, and with it the way to tell us. */
    __asm__ volatile("mov %0, %%rsp; push $0" ::"r"(0x1000ul) : "memory");
    __builtin_unreachable();
}

void test_main(void)
{
    if (is_initial_domain())
        skip("grants to oneself, in a plain domain");
    smp_start(4);
    hammer_make();
    smp_run(strike_until_the_end);
}
