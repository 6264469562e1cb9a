/* SPDX-License-Identifier: MIT */
/* How many requests a second several threads get done together. */
#ifndef BENCH_ENGINE_RATES_H
#define BENCH_ENGINE_RATES_H

#include <stdbool.h>

/* For 1 to `most` threads, each with an address space of its own, in one domain or each in its own:
 * prints one JSON object a line. Starts the world. */
void rates(unsigned most, bool one_domain);

#endif
