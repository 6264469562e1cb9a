/* SPDX-License-Identifier: MIT */
/* One CPU stops all others in their run loops, and later lets them continue. */
#ifndef CPU_STOP_H
#define CPU_STOP_H

/* stop_others stops all other CPUs: it brings each of them to its run loop, where no operation is
 * in progress, and returns when all have stopped there. stop_end lets them continue. Call both from
 * a run loop, with no lock held. */
void stop_others(void);
void stop_end(void);

/* Called in the run loop: if another CPU has called stop_others, waits until it calls stop_end, and
 * then enters the hypervisor as the other CPU has decided for tracing (trace/trace.h). */
void stop_for_others(void);

#endif
