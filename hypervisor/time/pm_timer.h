/* SPDX-License-Identifier: MIT */
/* ACPI's power management timer: a counter in an I/O port. Source: ACPI specification 6.5, sections
 * 4.8.1.4 and 5.2.9. */
#ifndef TIME_PM_TIMER_H
#define TIME_PM_TIMER_H

#include "lib/types.h"

#define PM_TIMER_HERTZ 3579545ull

/* Records the timer's port, and whether it counts with 32 bits instead of 24. At boot; without it
 * there is no timer. */
void pm_timer_found(u16 port, bool wide);

/* The bits with which the timer counts, as a mask; 0: there is no timer. */
u32 pm_timer_mask(void);

/* The counter; its bits above the mask are undefined. */
u32 pm_timer_count(void);

#endif
