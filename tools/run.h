/* SPDX-License-Identifier: MIT */
/* The command `pinion run`. */
#ifndef TOOLS_RUN_H
#define TOOLS_RUN_H

/* Runs guests as the `count` words behind "run" demand. Returns the exit status, as --help lists
 * it. */
int run(int count, char **words);

#endif
