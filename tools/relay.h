/* SPDX-License-Identifier: MIT */
/* Copies bytes while the machine runs: its log and its consoles out, keys in.
 *
 * No byte is lost, and a slow reader does not delay the other outputs: bytes that cannot be written
 * yet are queued, and while a queue is long, its source is not read. Keys are queued until the
 * hypervisor has written something, because before that it has not set up its serial ports. */
#ifndef TOOLS_RELAY_H
#define TOOLS_RELAY_H

#include "tools/consoles.h"

enum relay_end {
    RELAY_ENDED,     /* both wires have ended, and all is written */
    RELAY_TIMEOUT,   /* the deadline has passed */
    RELAY_QUIT,      /* the user pressed Ctrl-] */
    RELAY_SIGNAL,    /* the signal relay->signal arrived */
    RELAY_NO_READER, /* standard output cannot be written any more */
};

/* A queue of bytes to be written. */
struct queue {
    struct buffer buffer;
    size_t done; /* how many bytes of the buffer have been written */
};

struct relay {
    int log_wire, console_wire; /* sockets; -1: the machine has closed its end */
    int log_to, out_to;         /* where the log and the consoles are written */
    int in_from;                /* where keys are read; -1: no input */
    int signals;                /* a signalfd; -1: none */
    bool is_terminal;           /* in_from is a terminal, on which Ctrl-] ends the run */
    int signal;                 /* the signal that ended the run */
    bool awake;                 /* the hypervisor has written something */
    struct consoles consoles;
    struct queue log, out, in;
    bool log_broken, out_broken; /* the output cannot be written any more */
};

/* Fills in a relay that has no descriptors yet. `guests` must outlive it. */
void relay_start(struct relay *relay, const struct guests *guests);

/* Copies bytes until both wires have ended and all is written, or until there is another reason to
 * end. seconds: from now to the deadline; 0: no deadline. Returns the reason. */
enum relay_end relay_run(struct relay *relay, unsigned seconds);

/* After the machine has been killed: reads what is left in the wires and writes it. Waits a few
 * seconds at most for a slow reader. */
void relay_drain(struct relay *relay);

/* Frees the queues. */
void relay_free(struct relay *relay);

#endif
