/* SPDX-License-Identifier: MIT */
/* The run loop of a CPU: what comes next after every entry. */
#ifndef DOMAIN_RUN_H
#define DOMAIN_RUN_H

/* Serves what waits for this CPU, chooses a vCPU, delivers its events, enters it; idles when there
 * is none; ends the machine when the last domain has ended. */
_Noreturn void run(void);

#endif
