/* SPDX-License-Identifier: MIT */
/* The commands `pinion stat`, `pinion top` and `pinion metrics`. */
#ifndef TOOLS_COUNTERS_H
#define TOOLS_COUNTERS_H

#include "tools/counters_options.h"

/* Does what the `count` words behind the command's name demand. Returns the exit status, as --help
 * lists it. */
int counters(enum counters_command command, int count, char **words);

struct watch;

/* Shows the domains on the terminal until the user ends it (top.c). */
int top_show(struct watch *watch, const struct counters_options *options, struct failure *failure);

#endif
