/* SPDX-License-Identifier: MIT */
/* Traps: catch one, handle a vector, and run code in user mode. */
#ifndef GUESTS_TRAP_H
#define GUESTS_TRAP_H

#include "guest/pv/pv.h"
#include "guest/trap_frame.h"

/* Registers the whole trap table, with the entry points of entry.S. */
void traps_start(void);

/* The entry points: 0..31 for the processor's vectors, 32 for INT 0x80; and how one is
 * registered. */
#define TRAP_ENTRIES 33u
extern const u64 trap_entries[TRAP_ENTRIES];
struct trap_info trap_description(unsigned i);
extern char syscall_entry[], event_entry[], failsafe_entry[];
extern u64 failsafe_selectors[4]; /* ds, es, fs, gs as the last failsafe callback got them */

long set_callback(unsigned type, unsigned flags, u64 entry);
long stack_switch(u64 rsp);

/* Sets the handler of a vector; NULL: the default, which ends the test. When a handler returns, the
 * interrupted code continues. */
typedef void trap_handler(struct trap_frame *frame);
void trap_take(unsigned vector, trap_handler *handler);

/* Runs function(argument). Returns true if it trapped: then `trap_caught` has the frame, and the
 * function was abandoned. */
bool trap_catch(void (*function)(void *), void *argument);
extern struct trap_frame trap_caught;
extern u64 trap_caught_cr2;

/* trap_catch for one access. */
bool write_traps(volatile void *at, u64 value);
bool read_traps(const volatile void *at);

/* Claims that function(argument) raises `vector`. */
#define check_traps(wanted, function, argument, ...)                                               \
    check(trap_catch(function, argument) && trap_caught.vector == (wanted), __VA_ARGS__)

/* Goes to user mode with the registers of `frame` (rip, rsp, rflags and any others that matter;
 * selectors that are 0 are filled in) and waits for a trap, a syscall or an INT 0x80. On return
 * `frame` has the registers of user mode at that time, and the vector; the event mask is as before.
 * `flags`: 0 or VGCF_in_syscall. */
void user_run(struct trap_frame *frame, u64 flags);

/* Registers the stack and the callbacks that user_run needs. */
void user_start(void);

#endif
