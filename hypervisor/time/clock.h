/* SPDX-License-Identifier: MIT */
/* System time: nanoseconds since the hypervisor started, from the TSC. */
#ifndef TIME_CLOCK_H
#define TIME_CLOCK_H

#include "lib/types.h"

struct vcpu;
struct domain;

/* Measures the TSC and the local APIC timer against the PIT; once, at boot, interrupts off. */
void clock_start(void);

u64 clock_now(void);      /* ns */
u64 clock_tsc_khz(void);
u64 clock_apic_ticks(u64 ns); /* local APIC timer ticks for that time, 1 upwards */

/* Seconds and ns of the day (from the CMOS clock) at system time 0. */
void clock_wall(u64 *seconds, u32 *nanoseconds);

/* Brings vcpu_time_info of a vCPU up to date (seqcount protocol of xen.h), and its registered
 * copy if it has one and it is current. Called when the vCPU is put on a CPU. */
void clock_update_vcpu(struct vcpu *vcpu);

/* Writes the wall clock into shared_info. */
void clock_update_domain(struct domain *domain);

#endif
