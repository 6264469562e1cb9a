/* SPDX-License-Identifier: MIT */
/* The isolation test's two sides. */
#ifndef TOOLS_DEMO_SEARCH_H
#define TOOLS_DEMO_SEARCH_H

#include <stddef.h>

/* How much memory may be filled now: half of what is free, up to a limit. */
size_t fill_size(void);

/* Exit statuses. */
int secret(void);
int search(void);

#endif
