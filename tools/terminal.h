/* SPDX-License-Identifier: MIT */
/* The user's terminal in raw mode: every key goes to the guest, Ctrl-C too. The terminal's own mode
 * is always restored in the end. */
#ifndef TOOLS_TERMINAL_H
#define TOOLS_TERMINAL_H

#include <stdbool.h>

#define TERMINAL_QUIT 0x1d /* Ctrl-] */

/* Says whether standard input is a terminal that this process may read. */
bool terminal_is_ours(void);

/* Puts the terminal into raw mode. */
void terminal_lend(void);

/* Restores the terminal's mode, if terminal_lend has changed it. */
void terminal_restore(void);

#endif
