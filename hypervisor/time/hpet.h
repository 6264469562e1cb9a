/* SPDX-License-Identifier: MIT */
/* The high precision event timer. The hypervisor does not use it, and nobody may write to its
 * registers: one of its timers could interrupt with any vector. So that it can be read as a clock,
 * the hypervisor starts its counter. Source: IA-PC HPET specification 1.0a. */
#ifndef TIME_HPET_H
#define TIME_HPET_H

#include "lib/types.h"

/* Records the machine address of the registers; 0: there is none. At boot. */
void hpet_found(u64 address);

/* Starts the counter without interrupts. Returns the address of the registers; 0: there is none.
 * Once, after map_start. */
u64 hpet_start(void);

#endif
