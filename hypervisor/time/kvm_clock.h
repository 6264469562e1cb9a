/* SPDX-License-Identifier: MIT */
/* KVM's clock page, where this machine is a guest of KVM: read once, for the TSC's frequency. */
#ifndef TIME_KVM_CLOCK_H
#define TIME_KVM_CLOCK_H

#include "lib/types.h"

/* Makes KVM write its clock page, reads the TSC's frequency in Hz from it, and switches
 * the clock off again. 0: there is no KVM below, it has no such clock, or it does not write the
 * page. */
u64 kvm_clock_hertz(void);

#endif
