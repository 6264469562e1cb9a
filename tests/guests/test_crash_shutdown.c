/* SPDX-License-Identifier: MIT */
/* Expect: crash
 *
 * A guest that has lost its way says so: SCHEDOP_shutdown with the reason "crash" ends the domain
 * as a crash, not as a power-off. */
#include "tests/guests/common/guest.h"

void test_main(void)
{
    print_verdict();
    shut_down(SHUTDOWN_crash);
}
