/* SPDX-License-Identifier: MIT */
/* The machine's battery-backed clock. */
#ifndef TIME_CMOS_H
#define TIME_CMOS_H

#include "lib/types.h"

/* Reads the clock: seconds since 1970. 0: its fields are not a valid date and time. */
u64 cmos_seconds(void);

#endif
