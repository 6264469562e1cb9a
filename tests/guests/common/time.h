/* SPDX-License-Identifier: MIT */
/* System time in nanoseconds: what a vCPU's information says, and the time-stamp counter since. */
#ifndef GUESTS_TIME_H
#define GUESTS_TIME_H

#include "tests/guests/common/guest.h"

#define MILLISECOND 1000000ull

/* On that vCPU. The counter is read in order with all that is around it. */
u64 time_of(const volatile struct vcpu_time_info *time);

#endif
