/* SPDX-License-Identifier: MIT */
/* The TSC's frequency, from the best of the sources that this machine has. */
#ifndef TIME_FREQUENCY_H
#define TIME_FREQUENCY_H

#include "lib/types.h"

struct frequency {
    u64 hertz;          /* between 1 MHz and 100 GHz */
    const char *source; /* a noun for the log */
};

/* Asks the sources one after the other: those that say the frequency (CPUID, a hypervisor below,
 * KVM's clock page), then the counters against which it is measured (time/counter.h). Panics, in a
 * sentence that says why, if none gives one. Once, at boot, with interrupts off. */
struct frequency frequency_find(void);

#endif
