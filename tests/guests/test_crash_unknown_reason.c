/* SPDX-License-Identifier: MIT */
/* Expect: crash
 *
 * A guest that gives up for a reason which the ABI does not name still ends: SCHEDOP_shutdown takes
 * any number, and ends the domain as a crash. (GNU Mach passes such numbers.) Refused, it would
 * spin for ever. */
#include "tests/guests/common/guest.h"

void test_main(void)
{
    print_verdict();
    shut_down(0xa5a5);
}
