/* SPDX-License-Identifier: MIT */
/* The machine's battery-backed clock. */
#ifndef TIME_CMOS_H
#define TIME_CMOS_H

#include "lib/types.h"

/* Reads the clock: seconds since 1970. 0: there is none, it does not come to rest within seconds,
 * or its fields are not a valid date and time. hertz: the frequency of the TSC. */
u64 cmos_seconds(u64 hertz);

#endif
