/* SPDX-License-Identifier: MIT */
/* Halting CPUs for good: after a panic, or one that is left out at boot. */
#ifndef CPU_HALT_H
#define CPU_HALT_H

/* Halts this CPU for good. */
_Noreturn void halt(void);

/* Halts all other CPUs, wherever they are, by an NMI. Does not wait for them. */
void halt_others(void);

/* Serves an NMI: does not return if halt_others has sent it. */
void halt_nmi(void);

#endif
