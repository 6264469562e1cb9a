/* SPDX-License-Identifier: MIT */
/* System time: nanoseconds since the hypervisor started, from the TSC. */
#ifndef TIME_CLOCK_H
#define TIME_CLOCK_H

#include "hypervisor/time/scale.h"
#include "lib/types.h"

/* Measures the TSC and the local APIC timer against the PIT; once, at boot, interrupts off, after
 * apic_start. System time begins here. */
void clock_start(void);

u64 clock_now(void); /* ns; 0 before clock_start */
u64 clock_tsc_khz(void);
u64 clock_tsc_ticks(u64 ns);  /* TSC ticks for that time */
u32 clock_apic_ticks(u64 ns); /* local APIC timer ticks for that time, 1 upwards; capped */

/* Seconds and ns of the day (from the CMOS clock) at system time 0. */
void clock_wall(u64 *seconds, u32 *nanoseconds);

/* What a guest needs to compute system time: it was 0 at `tsc`, and `scale` turns TSC ticks since
 * then into ns. */
struct clock_origin {
    u64 tsc;
    struct scale scale;
};
struct clock_origin clock_origin(void);

#endif
