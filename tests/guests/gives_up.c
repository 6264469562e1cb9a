/* SPDX-License-Identifier: MIT */
/* A guest that gives up: prints a line and the beginning of another one, and asks for a shutdown
 * for the reason reason=N of its command line. It has no verdict of its own:
 * tests/system/test_gives_up.sh checks what is reported. */
#include "tests/guests/common/guest.h"

void test_main(void)
{
    unsigned reason = 0;

    for (const char *text = (const char *)start_info->cmd_line; *text; text++) {
        if (starts_with(text, "reason=")) {
            for (text += 7; *text >= '0' && *text <= '9'; text++) {
                reason = reason * 10 + (unsigned)(*text - '0');
            }
            break;
        }
    }
    print("gives up: a whole line\n");
    print("gives up: and its last words");
    shut_down(reason);
}
