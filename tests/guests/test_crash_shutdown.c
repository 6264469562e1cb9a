/* SPDX-License-Identifier: MIT */
/* Expect: crash
 *
 * A guest reports that it has crashed: SCHEDOP_shutdown with the reason "crash" ends the domain as
 * a crash, not as a power-off. */
#include "tests/guests/common/guest.h"

void test_main(void)
{
    print_verdict();
    shut_down(SHUTDOWN_crash);
}
