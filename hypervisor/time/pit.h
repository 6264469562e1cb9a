/* SPDX-License-Identifier: MIT */
/* The 8254 timer, used once: as the reference against which other clocks are measured. */
#ifndef TIME_PIT_H
#define TIME_PIT_H

#include "lib/types.h"

/* True when the machine has a PIT: its counter changes. */
bool pit_is_present(void);

/* Measures the TSC's frequency in Hz over about `ns`, at most 20 ms. 0: the PIT does not count, or
 * it wrapped during the measurement. Otherwise *sure is set: true when the PIT cannot have wrapped
 * unnoticed; false when the result must be confirmed by further measurements (time/span.h). Returns
 * even if the PIT stops counting. */
u64 pit_measure_tsc(u64 ns, bool *sure);

#endif
