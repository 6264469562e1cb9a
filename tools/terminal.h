/* SPDX-License-Identifier: MIT */
/* The user's terminal, lent to a guest: every key goes there, Ctrl-C too, and it is always put
 * back. */
#ifndef TOOLS_TERMINAL_H
#define TOOLS_TERMINAL_H

#include <stdbool.h>

#define TERMINAL_QUIT 0x1d /* Ctrl-] */

/* Whether standard input is a terminal that this process may read. */
bool terminal_is_ours(void);
void terminal_lend(void);
void terminal_restore(void); /* harmless when it was not lent */

#endif
