/* SPDX-License-Identifier: MIT */
/* System time: nanoseconds since the hypervisor started, from the TSC. */
#ifndef TIME_CLOCK_H
#define TIME_CLOCK_H

#include "lib/types.h"

struct vcpu;
struct domain;

/* Measures the TSC and the local APIC timer against the PIT; once, at boot, interrupts off, after
 * apic_start. System time begins here. */
void clock_start(void);

u64 clock_now(void); /* ns; 0 before clock_start */
u64 clock_tsc_khz(void);
u64 clock_tsc_ticks(u64 ns);  /* TSC ticks for that time */
u32 clock_apic_ticks(u64 ns); /* local APIC timer ticks for that time, 1 upwards; capped */

/* Seconds and ns of the day (from the CMOS clock) at system time 0. */
void clock_wall(u64 *seconds, u32 *nanoseconds);

/* Brings vcpu_time_info of a vCPU up to date (seqcount protocol of xen.h). The clock's parameters
 * never change, so once for each place that it is kept in is enough; writing again is harmless. */
void clock_update_vcpu(struct vcpu *vcpu);

/* Writes the same into the current vCPU's registered copy. False: it could not be written. */
bool clock_update_area(struct vcpu *vcpu);

/* Writes the wall clock into shared_info. */
void clock_update_domain(struct domain *domain);

#endif
