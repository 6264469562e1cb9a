/* SPDX-License-Identifier: MIT */
/* A guest powers off while its other vCPUs work on its page tables: it ends, and nothing of it is
 * left.
 * Vcpus: 4 Cpus: 1 2 4 */
#include "tests/guests/common/hammer.h"

static void power_off(void)
{
    shut_down(SHUTDOWN_poweroff);
}

void test_main(void)
{
    hammer_until(power_off);
}
