/* SPDX-License-Identifier: MIT */
/* System time in nanoseconds, from vcpu_time_info and the time-stamp counter. */
#ifndef GUESTS_TIME_H
#define GUESTS_TIME_H

#include "tests/guests/common/guest.h"
#include "tests/patience.h"

#define MILLISECOND 1000000ull
/* How long a guest waits for what must come: it gives up before the test does. */
#define PATIENCE (PATIENCE_SECONDS / 2 * 1000 * MILLISECOND)

/* Returns the system time. To be called on the vCPU that `time` belongs to. The counter is not read
 * earlier or later than the code around the call says. */
u64 time_of(const volatile struct vcpu_time_info *time);

#endif
