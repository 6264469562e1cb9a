/* SPDX-License-Identifier: MIT */
/* Carries bytes while the machine runs: its log out, its consoles out, keys in.
 *
 * Nothing is lost and nobody waits for a slow reader: what cannot be written yet is queued, and
 * when a queue is long its source is left unread until it is shorter. Keys wait until the
 * hypervisor has written something: before that it has not set its serial ports up. */
#ifndef TOOLS_RELAY_H
#define TOOLS_RELAY_H

#include "tools/consoles.h"

enum relay_end {
    RELAY_ENDED,     /* both wires ended */
    RELAY_TIMEOUT,   /* the deadline came */
    RELAY_QUIT,      /* the user pressed Ctrl-] */
    RELAY_SIGNAL,    /* relay->signal arrived */
    RELAY_NO_READER, /* nobody reads standard output any more */
};

/* Bytes that wait to be written. */
struct queue {
    struct buffer buffer;
    size_t done; /* of the buffer, written already */
};

struct relay {
    int log_wire, console_wire; /* sockets; -1 once they have ended */
    int log_to, out_to;
    int in_from;      /* -1: no input */
    int signals;      /* a signalfd; -1: none */
    bool is_terminal; /* in_from is: Ctrl-] ends the run */
    int signal;       /* what arrived */
    bool awake;       /* something came over a wire */
    struct consoles consoles;
    struct queue log, out, in;
    bool log_broken, out_broken;
};

void relay_start(struct relay *relay, const struct guests *guests);

/* Runs until the wires end and everything is written, or something else ends it. `seconds`: 0 for
 * no deadline. */
enum relay_end relay_run(struct relay *relay, unsigned seconds);

/* After the machine has ended by force: takes what is still on the wires and writes it, giving a
 * slow reader a few seconds. */
void relay_drain(struct relay *relay);
void relay_free(struct relay *relay);

#endif
