/* SPDX-License-Identifier: MIT */
/* System time: nanoseconds since the hypervisor started, from the TSC. */
#ifndef TIME_CLOCK_H
#define TIME_CLOCK_H

#include "hypervisor/time/scale.h"
#include "lib/types.h"

/* Finds the frequencies of the TSC and of the local APIC timer, reads the CMOS clock, and sets
 * system time to 0. Once, at boot, after apic_start, with interrupts off. Panics without a usable
 * clock. */
void clock_start(void);

u64 clock_now(void); /* system time in ns; 0 before clock_start */
u64 clock_tsc_khz(void);

/* Who said the TSC's frequency, or against what it was measured: a noun. */
const char *clock_source(void);

/* The number of ticks of the TSC in `ns`, at least 1, or of the local APIC timer, 1 to 2^32 - 1. A
 * time of more than an hour counts as an hour. */
u64 clock_tsc_ticks(u64 ns);
u32 clock_apic_ticks(u64 ns);

/* The wall-clock time at system time 0, as the CMOS clock had it at boot, or as clock_set_wall set
 * it since: whole seconds since 1970 and the remaining ns. */
void clock_wall(u64 *seconds, u32 *nanoseconds);

/* Sets the wall-clock time at system time 0, in ns since 1970. On any CPU. The caller updates what
 * guests see (clock_page_update_wall). */
void clock_set_wall(u64 ns);

/* The values from which a guest computes system time: it was 0 when the TSC was `tsc`, and `scale`
 * converts the TSC ticks since then to ns. */
struct clock_origin {
    u64 tsc;
    struct scale scale;
};
struct clock_origin clock_origin(void);

#endif
