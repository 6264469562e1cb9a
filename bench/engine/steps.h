/* SPDX-License-Identifier: MIT */
/* Counts the instructions of a call by stepping a copy of this process through it. */
#ifndef BENCH_ENGINE_STEPS_H
#define BENCH_ENGINE_STEPS_H

#include <stdint.h>

/* What `call(argument)` executes, in a child; the caller's memory stays as it is. 0: not allowed.
 */
uint64_t steps_of(void (*call)(void *argument), void *argument);

#endif
