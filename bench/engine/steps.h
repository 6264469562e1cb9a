/* SPDX-License-Identifier: MIT */
/* Counts the instructions of a function call by single-stepping a copy of this process. */
#ifndef BENCH_ENGINE_STEPS_H
#define BENCH_ENGINE_STEPS_H

#include <stdint.h>

/* Returns how many instructions call(argument) executes; 0: this process may not trace another one.
 * The call is made in a child process, so the caller's memory does not change. */
uint64_t steps_of(void (*call)(void *argument), void *argument);

#endif
