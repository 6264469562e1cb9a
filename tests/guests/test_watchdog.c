/* SPDX-License-Identifier: MIT */
/* Expect: crash
 *
 * A guest has two watchdogs. One that it reports to in time, or ends, does nothing; a guest that
 * keeps a watchdog waiting is shut down. Each refusal of the call changes nothing. */
#include "tests/guests/common/guest.h"
#include "tests/guests/common/time.h"

#define SECOND 1000000000ull

static long watchdog(u32 id, u32 seconds)
{
    struct sched_watchdog ask = {.id = id, .timeout = seconds};

    return sched_op(SCHEDOP_watchdog, &ask);
}

static void wait(u64 ns)
{
    const u64 end = time_of(&vcpu_info()->time) + ns;

    while (time_of(&vcpu_info()->time) < end) {
    }
}

static void check_refusals(void)
{
    check_equal(sched_op(SCHEDOP_watchdog, (void *)8), -XEN_EFAULT, "a watchdog at 8");
    check_equal(watchdog(0, 0), -XEN_EINVAL, "a new one without a time");
    check_equal(watchdog(1, 5), -XEN_EINVAL, "the first, before there is one");
    check_equal(watchdog(1, 0), -XEN_EINVAL, "the end of the first, before there is one");
    check_equal(watchdog(3, 5), -XEN_EINVAL, "a third");
    check_equal(watchdog(~0u, 5), -XEN_EINVAL, "the last number");
}

static void check_in_time(void)
{
    check_equal(watchdog(0, 1000), 1, "a new one");
    check_equal(watchdog(0, 2), 2, "another one");
    check_equal(watchdog(0, 1000), -XEN_ENOSPC, "one more");
    for (u32 i = 0; i < 3; i++) {
        wait(SECOND / 2);
        check_equal(watchdog(2, 1000), 0, "a report");
        check_equal(watchdog(2, 2), 0, "a report for two seconds");
    }
    check_equal(watchdog(2, 0), 0, "the end of the second");
    check_equal(watchdog(2, 0), -XEN_EINVAL, "its end again");
    check_equal(watchdog(1, 0), 0, "the end of the first");
    wait(3 * SECOND);
}

void test_main(void)
{
    check_refusals();
    check_in_time();
    check_equal(watchdog(0, 1), 1, "the last");
    print_verdict();
    wait(1000 * SECOND);
    error("the watchdog does not end the guest");
}
