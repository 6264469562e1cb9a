/* SPDX-License-Identifier: MIT */
/* The machine's battery-backed clock. */
#ifndef TIME_CMOS_H
#define TIME_CMOS_H

#include "lib/types.h"

/* Seconds since 1970; 0: it makes no sense. */
u64 cmos_seconds(void);

#endif
