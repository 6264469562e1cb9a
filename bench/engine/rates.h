/* SPDX-License-Identifier: MIT */
/* Measures how many requests several threads make in a second all together. */
#ifndef BENCH_ENGINE_RATES_H
#define BENCH_ENGINE_RATES_H

#include <stdbool.h>

/* Measures with 1 to `most` threads, each with an address space of its own, and prints one JSON
 * object a line. Builds the world (bench/engine/world.h). one_domain: all spaces belong to one
 * domain; else each belongs to a domain of its own. */
void rates(unsigned most, bool one_domain);

#endif
