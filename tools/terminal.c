/* SPDX-License-Identifier: MIT */
/* Puts the user's terminal into raw mode and back. */
#include "tools/terminal.h"

#include <stdlib.h>
#include <termios.h>
#include <unistd.h>

static struct termios before;
static bool lent;

bool terminal_is_ours(void)
{
    return isatty(STDIN_FILENO) && tcgetpgrp(STDIN_FILENO) == getpgrp();
}

void terminal_lend(void)
{
    if (lent || tcgetattr(STDIN_FILENO, &before)) {
        return;
    }
    struct termios raw = before;
    raw.c_iflag &= ~(tcflag_t)(BRKINT | ICRNL | INLCR | IGNCR | INPCK | ISTRIP | IXON);
    raw.c_lflag &= ~(tcflag_t)(ECHO | ICANON | IEXTEN | ISIG);
    raw.c_cc[VMIN] = 1;
    raw.c_cc[VTIME] = 0;
    /* Output processing stays on, because the log shares the screen and ends its lines with \n. */
    lent = !tcsetattr(STDIN_FILENO, TCSANOW, &raw);
    if (lent) {
        atexit(terminal_restore);
    }
}

void terminal_restore(void)
{
    if (lent) {
        tcsetattr(STDIN_FILENO, TCSANOW, &before);
    }
    lent = false;
}
