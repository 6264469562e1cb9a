/* SPDX-License-Identifier: MIT */
/* A guest powers off while its other vCPUs are in the midst of everything: it ends, and nothing of
 * it is left. Vcpus: 4 Cpus: 1 2 4 */
#include "tests/guests/common/hammer.h"

#define ROUNDS 500u

static void strike_until_the_end(unsigned self)
{
    u64 end = smp_now() + 150 * MILLISECOND;

    smp_barrier();
    while (self || smp_now() < end || hammer.rounds < ROUNDS)
        hammer_strike(self);
    print_verdict();
    shut_down(SHUTDOWN_poweroff);
}

void test_main(void)
{
    if (is_initial_domain())
        skip("grants to oneself, in a plain domain");
    smp_start(4);
    hammer_make();
    smp_run(strike_until_the_end);
}
