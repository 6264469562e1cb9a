/* SPDX-License-Identifier: MIT */
/* A list of CPUs as xl.cfg writes it: "all", numbers, ranges and ^ for what is taken out again, in
 * order: "0-3,5,^1" is 0, 2, 3 and 5. */
#ifndef TOOLS_CPULIST_H
#define TOOLS_CPULIST_H

#include "lib/handoff.h"
#include "tools/fail.h"

#define CPULIST_ALL (~0ull)

_Static_assert(HANDOFF_CPUS_MAX == 64, "a CPU is a bit of a word");

/* Bit N of *cpus: CPU N. The sentence says what was expected, without a place. */
bool cpulist_read(const char *text, unsigned long long *cpus, struct failure *failure);

#endif
