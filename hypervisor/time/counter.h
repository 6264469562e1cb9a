/* SPDX-License-Identifier: MIT */
/* The machine's counters of a known frequency, against which the TSC is measured. */
#ifndef TIME_COUNTER_H
#define TIME_COUNTER_H

#include "lib/types.h"

/* In the order in which they are tried: the one that is read fastest, and so most exactly, first.
 */
enum counter { COUNTER_HPET, COUNTER_PM_TIMER, COUNTER_PIT, COUNTERS };

/* The counter's name for the log. */
const char *counter_name(enum counter counter);

/* True when the machine has the counter, and it counts. */
bool counter_is_present(enum counter counter);

/* Measures the TSC's frequency in Hz over about `ns`, at most 20 ms, or for a shorter time if the
 * counter is read so fast that the result is precise enough (61 parts in a million). 0: the machine
 * does not have the counter, or it does not count. Otherwise *sure is set: true when the counter
 * cannot have wrapped unnoticed; false when the result must be confirmed by further measurements
 * (time/span.h). Returns even if the counter stops. */
u64 counter_measure_tsc(enum counter counter, u64 ns, bool *sure);

#endif
