/* SPDX-License-Identifier: MIT */
/* Halting CPUs for good: all of them after a panic, or at boot a CPU that is not to be used. */
#ifndef CPU_HALT_H
#define CPU_HALT_H

/* Halts this CPU for good. */
_Noreturn void halt(void);

/* Halts all other CPUs for good, by an NMI, even if they have interrupts off. Does not wait until
 * they have halted. */
void halt_others(void);

/* Called for every NMI: halts this CPU for good if halt_others has been called, else returns. */
void halt_nmi(void);

#endif
