/* SPDX-License-Identifier: MIT */
/* A guest's console: its ring page, and the way to COM2 and back. */
#ifndef CONSOLE_GUEST_CONSOLE_H
#define CONSOLE_GUEST_CONSOLE_H

#include "lib/addr.h"

struct domain;

struct guest_console {
    void *ring; /* struct xencons_interface, in the guest's memory; NULL: none yet */
    mfn_t frame;
    u32 port;
};

/* Moves what the guest put in its ring to COM2, and tells it. Called on the console event, and when
 * the domain ends (nothing is lost). Tolerates any ring indices. */
void guest_console_drain(struct domain *domain);

/* Writes bytes of the domain (console_io, or the ring) to COM2, framed (lib/handoff.h). */
void guest_console_write(struct domain *domain, const char *bytes, u64 count);

/* Bytes came in from COM2: to the only guest's ring; kept (up to a small buffer) while it is full. */
void guest_console_input(void);

#endif
