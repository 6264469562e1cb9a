/* SPDX-License-Identifier: MIT */
/* Conversion of ticks to nanoseconds by the ABI's multiplier and shift. */
#ifndef TIME_SCALE_H
#define TIME_SCALE_H

#include "lib/types.h"

/* ns = ((ticks << shift) * multiplier) >> 32, where a negative shift is a shift to the right.
 * Guests compute the same from vcpu_time_info (xen.h), so their time equals the hypervisor's
 * exactly. */
struct scale {
    u32 multiplier;
    s8 shift;
};

/* The scale of a clock with `hertz` ticks a second, at least 1. */
static inline struct scale scale_make(u64 hertz)
{
    struct scale scale = {0};

    for (; hertz > 2000000000; hertz >>= 1) {
        scale.shift--;
    }
    for (; hertz <= 1000000000; hertz <<= 1) {
        scale.shift++;
    }
    scale.multiplier = (u32)((1000000000ull << 32) / hertz);
    return scale;
}

/* A scale as the hypervisor uses it: two shifts, of which one is 0, so that a conversion has no
 * cases. */
struct conversion {
    u32 multiplier;
    u8 left, right;
};

static inline struct conversion conversion_of(struct scale scale)
{
    return (struct conversion){.multiplier = scale.multiplier,
                               .left = (u8)(scale.shift < 0 ? 0 : scale.shift),
                               .right = (u8)(scale.shift < 0 ? -scale.shift : 0)};
}

/* Converts `ticks` to ns. */
static inline u64 conversion_ns(struct conversion by, u64 ticks)
{
    return (u64)((unsigned __int128)(ticks << by.left >> by.right) * by.multiplier >> 32);
}

/* Seconds from 1970 to the start of a day of the Gregorian calendar. month: 1 to 12; day: 1 to
 * 31. */
static inline u64 seconds_of_day(u32 year, u32 month, u32 day)
{
    /* Years are counted from March here, so that the leap day is the last day of a year. */
    u64 y = month > 2 ? year : year - 1;
    u64 m = month > 2 ? month - 3 : month + 9;
    u64 days = 365 * y + y / 4 - y / 100 + y / 400 + (153 * m + 2) / 5 + day - 1;
    return (days - 719468) * 86400;
}

#endif
