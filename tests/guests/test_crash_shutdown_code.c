/* SPDX-License-Identifier: MIT */
/* Expect: crash
 *
 * A code that SCHEDOP_shutdown_code has fixed replaces the reason of the shutdown that follows: the
 * guest fixes "crash" and then powers off, and ends as a crash. A second code changes nothing. */
#include "tests/guests/common/guest.h"

void test_main(void)
{
    struct sched_shutdown code = {.reason = SHUTDOWN_crash};

    check_equal(sched_op(SCHEDOP_shutdown_code, (void *)8), -XEN_EFAULT, "no code");
    check_equal(sched_op(SCHEDOP_shutdown_code, &code), 0, "a code");
    code.reason = SHUTDOWN_poweroff;
    check_equal(sched_op(SCHEDOP_shutdown_code, &code), 0, "a second code");
    print_verdict();
    shut_down(SHUTDOWN_poweroff);
}
