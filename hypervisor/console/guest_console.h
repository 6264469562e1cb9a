/* SPDX-License-Identifier: MIT */
/* A guest's console: the ring page in the guest's memory, and the serial port COM2, which carries
 * the consoles of all guests.
 *
 * Locks: guest_console.lock (RANK_CONSOLE) for one guest's ring; one lock in guest_console.c
 * (RANK_PORT) for COM2. */
#ifndef CONSOLE_GUEST_CONSOLE_H
#define CONSOLE_GUEST_CONSOLE_H

#include "lib/addr.h"
#include "lib/lock.h"

struct domain;

struct guest_console {
    void *ring; /* struct xencons_interface, in the guest's memory; NULL: the guest has no console,
                   not yet or since its teardown */
    mfn_t frame;
    u32 slot;         /* number by which COM2 names the console, 0 upwards (lib/handoff.h) */
    u32 port;         /* event channel of the console; 0: none, or the guest has closed it */
    struct lock lock; /* guards `ring` and the indices in the ring that are ours to write */
};

/* Sends what the guest has put into its output ring to COM2, and raises the console event if there
 * was anything. Called for the guest's console event, and when the domain ends, so that no output
 * is lost. Tolerates any value of the ring's indices. */
void guest_console_drain(struct domain *domain);

/* Sends `count` bytes of the domain's output (from console_io or the ring) to COM2, preceded by the
 * console's name if another console was sent last (lib/handoff.h). The guest may change the bytes
 * at the same time. */
void guest_console_write(struct domain *domain, const char *bytes, u64 count);

/* Says on COM2 that all guests have ended: that no output of a guest follows (lib/handoff.h). */
void guest_console_ended(void);

/* Serves an interrupt of COM2: moves its input into a buffer; what does not fit waits in COM2. */
void guest_console_receive(void);

/* Moves buffered input to the guest's input ring, as much as fits; the rest stays buffered. Unless
 * place 0 is the only place of the domain table that ever held a domain, and holds one now, drops
 * all buffered input instead. Called from the run loop when the CPU has work, and when a guest
 * sends an event to its console. */
void guest_console_input(void);

#endif
