/* SPDX-License-Identifier: MIT */
/* A list of CPUs in the syntax of xl.cfg: "all", numbers and ranges; ^ removes CPUs that stand
 * before it. For example, "0-3,5,^1" is 0, 2, 3 and 5. */
#ifndef TOOLS_CPULIST_H
#define TOOLS_CPULIST_H

#include "lib/handoff.h"
#include "tools/fail.h"

#define CPULIST_ALL (~0ull) /* the value of "all" */

_Static_assert(HANDOFF_CPUS_MAX == 64, "a CPU is a bit of a word");

/* Reads a list of CPUs. Bit N of *cpus is CPU N.
 * Returns false if the text is no list or names no CPU. The failure does not name the place, which
 * the caller adds. */
bool cpulist_read(const char *text, unsigned long long *cpus, struct failure *failure);

#endif
