/* SPDX-License-Identifier: MIT */
/* Traps: who handles them, and user mode.
 *
 * A kernel is a loop around user_run: it lets a user run, is told why that stopped, acts, and lets
 * the next one run. The kernel itself runs with events masked; they come while a user runs. */
#ifndef GUEST_TRAP_H
#define GUEST_TRAP_H

#include "guest/trap_frame.h"
#include "lib/types.h"

/* Runs user mode with the registers of `frame` in the active space, until it traps, faults or makes
 * a system call (syscall: VECTOR_SYSCALL, INT 0x80: VECTOR_INT80); then `frame` has its registers
 * and `vector` says why. Selectors are filled in when cs is 0. Every use saves and loads all
 * general registers; floating point is the user's own. */
void user_run(struct trap_frame *frame);

/* The address of the last page fault on this CPU; valid until the next. */
u64 trap_address(void);

/* Takes a vector over, in kernel mode and in user mode; NULL: the default again. The handler
 * changes `frame` as it likes; returning resumes there. */
typedef void trap_handler(struct trap_frame *frame);
void trap_take(unsigned vector, trap_handler *handler);

/* Reads or writes one word of memory that may not be there. False: it trapped. */
bool word_read(const volatile u64 *at, u64 *value);
bool word_write(volatile u64 *at, u64 value);

/* ---- between entry code, backends and trap.c ---- */

/* A vector's handler, or the fix-up of a word access, or the end. */
void trap_kernel(struct trap_frame *frame);
extern trap_handler *trap_handlers[VECTORS];

#endif
