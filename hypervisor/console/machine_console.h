/* SPDX-License-Identifier: MIT */
/* The privileged domain's console: COM1, which it shares with the log.
 *
 * One lock in machine_console.c (RANK_PORT) guards the input. */
#ifndef CONSOLE_MACHINE_CONSOLE_H
#define CONSOLE_MACHINE_CONSOLE_H

#include "lib/types.h"

/* Lets COM1 interrupt when it has input. Once, at boot, after isa_start, if there is a privileged
 * domain. */
void machine_console_start(void);

/* Serves an interrupt of COM1: moves its input into a buffer, what does not fit waits in COM1, and
 * raises VIRQ_CONSOLE for the privileged domain if there is input. Takes the locks of
 * event_virq_machine. */
void machine_console_receive(void);

/* Copies up to `count` bytes of the input to `bytes`, returns how many, and stores in *at the
 * position by which machine_console_take removes them. 0: there is none. */
u32 machine_console_peek(char *bytes, u32 count, u32 *at);

/* Removes `count` bytes that machine_console_peek has copied from position `at`. False, and no
 * effect: another CPU has removed them. */
bool machine_console_take(u32 at, u32 count);

#endif
