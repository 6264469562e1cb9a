/* SPDX-License-Identifier: MIT */
/* The two guests of the isolation test: one writes a secret, the other one searches for it. */
#ifndef TOOLS_DEMO_SEARCH_H
#define TOOLS_DEMO_SEARCH_H

#include <stddef.h>

/* Returns how many bytes a program may fill: half of the free memory, up to a limit. */
size_t fill_size(void);

/* Fills memory with the secret, then searches for it, which shows that the search finds it. Returns
 * the exit status. */
int secret(void);

/* Searches all of the guest's memory for the secret, and prints what was found. Returns the exit
 * status: 0, or 1 if memory could not be read. */
int search(void);

#endif
