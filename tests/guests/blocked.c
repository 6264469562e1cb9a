/* SPDX-License-Identifier: MIT */
/* Blocks for ever, for a system test that inspects the machine meanwhile. */
#include "tests/guests/common/guest.h"

void test_main(void)
{
    print("blocked\n");
    console_flush();
    for (;;) {
        sched_op(SCHEDOP_block, NULL);
    }
}
