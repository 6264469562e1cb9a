/* SPDX-License-Identifier: MIT */
/* Traps and user mode.
 *
 * A kernel is a loop around user_run, which runs a user program until it traps and returns the
 * reason; the kernel acts on that and runs the same program or another one. The kernel itself runs
 * with events masked, so an event interrupts user programs only. */
#ifndef GUEST_TRAP_H
#define GUEST_TRAP_H

#include "guest/trap_frame.h"
#include "lib/types.h"

/* Runs user mode in the active space, with the registers in `frame`, until it traps, makes a system
 * call or is interrupted by an event. Then `frame` holds the user's registers, and frame->vector
 * the reason: an exception's vector, VECTOR_SYSCALL (SYSCALL), VECTOR_INT80 (INT 0x80) or
 * VECTOR_EVENT. If frame->cs is 0 the selectors are filled in. Only general registers are saved and
 * loaded: the kernel must not use floating-point registers. */
void user_run(struct trap_frame *frame);

/* Returns the address of the last page fault on this CPU. */
u64 trap_address(void);

/* A handler may change the interrupted registers in `frame`; when it returns, execution continues
 * with them. */
typedef void trap_handler(struct trap_frame *frame);

/* Sets the handler for a vector's traps, from kernel and user mode. With NULL the default holds
 * again: a trap from user mode ends user_run, a trap from kernel mode goes to trap_kernel.
 * vector: below VECTORS. */
void trap_take(unsigned vector, trap_handler *handler);

/* Reads the word at `at`, which need not be mapped, into *value. Returns false if the access
 * trapped. */
bool word_read(const volatile u64 *at, u64 *value);

/* Writes the word at `at`, which need not be mapped. Returns false if the access trapped. */
bool word_write(volatile u64 *at, u64 value);

/* ---- shared by entry code, backends and trap.c ---- */

/* Handles a trap from kernel mode: calls the vector's handler if there is one, handles an event,
 * lets word_read or word_write report failure, or panics. Called by the entry code; when it
 * returns, execution continues with the registers in `frame`. */
void trap_kernel(struct trap_frame *frame);

/* The handler of each vector; NULL: the default. The entry code reads it, too. */
extern trap_handler *trap_handlers[VECTORS];

#endif
