/* SPDX-License-Identifier: MIT */
/* Holding all CPUs but one still. */
#ifndef CPU_HOLD_H
#define CPU_HOLD_H

/* Brings all other CPUs to their run loops, where nothing is half done, and keeps them there until
 * hold_end. From a run loop, no lock held. */
void hold_others(void);
void hold_end(void);

/* In the run loop: stays for as long as another CPU holds this one. */
void hold_stand_by(void);

#endif
