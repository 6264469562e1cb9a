/* SPDX-License-Identifier: MIT */
/* System time in nanoseconds, from vcpu_time_info and the time-stamp counter. */
#include "tests/guests/common/time.h"

static u64 time_scale(u64 ticks, u32 mul, s8 shift)
{
    if (shift < 0) {
        ticks >>= -shift;
    } else {
        ticks <<= shift;
    }
    return (u64)((unsigned __int128)ticks * mul >> 32);
}

u64 time_of(const volatile struct vcpu_time_info *time)
{
    u32 version;
    u64 result;

    do {
        version = time->version;
        __asm__ volatile("lfence" ::: "memory");
        result = time->system_time + time_scale(read_tsc() - time->tsc_timestamp,
                                                time->tsc_to_system_mul, time->tsc_shift);
        __asm__ volatile("lfence" ::: "memory");
    } while (version & 1 || version != time->version);
    return result;
}
