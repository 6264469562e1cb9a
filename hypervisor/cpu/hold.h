/* SPDX-License-Identifier: MIT */
/* Stopping all CPUs but one. */
#ifndef CPU_HOLD_H
#define CPU_HOLD_H

/* hold_others stops all other CPUs: it brings each of them to its run loop, where no operation is
 * in progress, and returns when all have stopped there. hold_end lets them continue. Call both from
 * a run loop, with no lock held. */
void hold_others(void);
void hold_end(void);

/* Called in the run loop: if another CPU has called hold_others, waits until it calls hold_end. */
void hold_stand_by(void);

#endif
