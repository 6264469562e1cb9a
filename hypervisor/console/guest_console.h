/* SPDX-License-Identifier: MIT */
/* A guest's console: its ring page, and the way to COM2 and back.
 *
 * Locks: guest_console.lock (RANK_CONSOLE) for its ring, the port's own (RANK_PORT). */
#ifndef CONSOLE_GUEST_CONSOLE_H
#define CONSOLE_GUEST_CONSOLE_H

#include "lib/addr.h"
#include "lib/lock.h"

struct domain;

struct guest_console {
    void *ring; /* struct xencons_interface, in the guest's memory; NULL: none yet */
    mfn_t frame;
    u32 port;         /* 0: the guest closed it */
    struct lock lock; /* our ends of the ring */
};

/* Moves what the guest put in its ring to COM2, and tells it. Called on the console event, and when
 * the domain ends (nothing is lost). Tolerates any ring indices. */
void guest_console_drain(struct domain *domain);

/* Writes bytes of the domain (console_io, or the ring) to COM2, framed (lib/handoff.h). The guest
 * may change the bytes meanwhile. */
void guest_console_write(struct domain *domain, const char *bytes, u64 count);

/* COM2 has interrupted: keeps what came in, as far as there is room; the rest waits in the port. */
void guest_console_receive(void);

/* Moves what came in to the only guest's ring; it is kept while that is full, and dropped when
 * there are several guests. The run loop calls it when there is work. */
void guest_console_input(void);

#endif
