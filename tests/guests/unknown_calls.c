/* SPDX-License-Identifier: MIT */
/* A guest whose requests are logged, for tests/system/test_log_limit.sh, which checks the log. In
 * each of its lives it makes hypercalls that do not exist, and then reboots. With `loud` on its
 * command line it goes on for 2 s; otherwise it makes one, and 1.5 s later ten. So in the second
 * lives of both the ten of the quiet guest fall in the time of the loud one. */
#include "tests/guests/common/guest.h"
#include "tests/guests/common/smp.h"

#define SECOND 1000000000ull

static void wait_until(u64 time)
{
    while (smp_now() < time) {
        cpu_relax();
    }
}

void test_main(void)
{
    u64 start = smp_now();

    if (starts_with((const char *)start_info->cmd_line, "loud")) {
        while (smp_now() < start + 2 * SECOND) {
            hypercall(1000, 0, 0, 0);
        }
    } else {
        hypercall(2000, 0, 0, 0);
        wait_until(start + 3 * SECOND / 2);
        for (unsigned i = 1; i <= 10; i++) {
            hypercall(2000 + i, 0, 0, 0);
        }
    }
    shut_down(SHUTDOWN_reboot);
}
