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
 * KVM's clock page), then the counters against which it is measured (time/counter.h). What CPUID
 * says only counts if the HPET or ACPI's timer does not show it to be far from the truth. Panics,
 * in a sentence that says why, if no source gives a frequency. Once, at boot, with interrupts off.
 */
struct frequency frequency_find(void);

#endif
