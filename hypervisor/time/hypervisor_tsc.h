/* SPDX-License-Identifier: MIT */
/* The TSC's frequency as a hypervisor below reports it. */
#ifndef TIME_HYPERVISOR_TSC_H
#define TIME_HYPERVISOR_TSC_H

#include "lib/types.h"

/* The frequency in Hz by CPUID leaf 0x40000010. 0: there is no hypervisor below, or it does not
 * report it. */
u64 hypervisor_tsc_hertz(void);

#endif
