/* SPDX-License-Identifier: MIT */
/* `pinion run`. */
#ifndef TOOLS_RUN_H
#define TOOLS_RUN_H

/* The words behind "run"; returns the exit status. */
int run(int count, char **words);

#endif
