/* SPDX-License-Identifier: MIT */
/* The high precision event timer. The hypervisor reads it once, to measure the TSC, and nobody may
 * write to its registers: one of its timers could interrupt with any vector. So that it can be read
 * as a clock, the hypervisor starts its counter. Source: IA-PC HPET specification 1.0a. */
#ifndef TIME_HPET_H
#define TIME_HPET_H

#include "lib/types.h"

/* Records the machine address of the registers; 0: there is none. At boot. */
void hpet_found(u64 address);

/* Starts the counter without interrupts; later calls have no effect. Returns the address of the
 * registers; 0: there is none. After map_start. */
u64 hpet_start(void);

/* Starts the counter, and returns its frequency in Hz. 0: there is none, or what is at its place is
 * none. */
u64 hpet_hertz(void);

/* The lower 32 bits of the counter. Only if hpet_hertz is not 0. */
u32 hpet_count(void);

/* ---- access to the registers: time/hpet_access.c, in tests the test ---- */

void *hpet_map(u64 address);
u32 hpet_register(volatile void *registers, u32 offset);
void hpet_set_register(volatile void *registers, u32 offset, u32 value);

#endif
