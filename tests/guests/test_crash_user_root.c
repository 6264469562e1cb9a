/* SPDX-License-Identifier: MIT */
/* Expect: crash
 *
 * User mode needs a user root. A guest kernel that goes to user mode without one must not run there
 * on the kernel's tables: the domain ends. */
#include "tests/guests/common/guest.h"

void test_main(void)
{
    struct trap_frame frame = {.rip = address(guest_start), .rsp = 0x10000, .rflags = RFLAGS_IF};

    user_start();
    print_verdict();
    user_run(&frame, 0);
    error("it came back from user mode with vector %lu", frame.vector);
}
