/* SPDX-License-Identifier: MIT */
/* Copies bytes while the machine runs: its log and its consoles out, keys in.
 *
 * No byte is lost, and a slow reader does not delay the other outputs: bytes that cannot be written
 * yet are queued, and while a queue is long, its source is not read. Keys are queued until the
 * hypervisor has written something, because before that it has not set up its serial ports. */
#ifndef TOOLS_RELAY_H
#define TOOLS_RELAY_H

#include "tools/consoles.h"
#include "tools/marks.h"

enum relay_end {
    RELAY_ENDED,     /* both wires have ended, and all is written */
    RELAY_TIMEOUT,   /* the deadline has passed */
    RELAY_QUIT,      /* the user pressed Ctrl-] */
    RELAY_SIGNAL,    /* the signal relay->signal arrived */
    RELAY_NO_READER, /* the reader of standard output has gone away */

    /* Not an end: call relay_run again. */
    RELAY_AWAKE,  /* the hypervisor has written something, for the first time */
    RELAY_TRACED, /* the hypervisor records a timeline, and has said where: relay->directory */
    RELAY_MARK,   /* a console has printed the text of a mark: relay->marks says of which */
    RELAY_BROKEN, /* an output cannot be written any more: log_error or out_error is new */
};

#define RELAY_LINE_MAX 512 /* bytes; how much of the log's last line is kept */

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
    bool needs_reader;          /* the run ends when the reader of out_to goes away */
    int signal;                 /* the signal that ended the run */
    bool awake;                 /* the hypervisor has written something */
    long long deadline;         /* in ms of CLOCK_MONOTONIC; 0: none */
    bool extended;              /* all guests have ended before the deadline, which is a new one */
    struct consoles consoles;
    struct marks *marks; /* NULL: none */
    bool marked;         /* RELAY_MARK is to be returned */
    struct queue log, out, in;
    int log_error, out_error; /* errno: the output cannot be written any more, and what arrives for
                                 it is dropped; 0: it can */
    bool log_within_line;     /* the last byte written to log_to is no newline */
    char line[RELAY_LINE_MAX], last_line[RELAY_LINE_MAX]; /* of the log: the line that is arriving,
                                                             and the last one that is complete */
    size_t line_size;
    unsigned long long directory; /* machine address of the timeline's directory; 0: none yet */
    bool traced;                  /* relay_run has said so */
};

/* Fills in a relay that has no descriptors yet. `guests` must outlive it. */
void relay_start(struct relay *relay, const struct guests *guests);

/* Sets the deadline: `seconds` from now; 0: there is none. If all guests have ended by then
 * (HANDOFF_ENDED), the machine gets ten minutes more to end by itself. */
void relay_set_deadline(struct relay *relay, unsigned seconds);

/* Copies bytes until both wires have ended and all is written, or until there is another reason to
 * return. Returns the reason. */
enum relay_end relay_run(struct relay *relay);

/* After the machine has been killed: reads what is left in the wires and writes it. Waits a few
 * seconds at most for a slow reader; returns false if bytes are left then. */
bool relay_drain(struct relay *relay);

/* Returns the last complete line of the log, without its time; "": there is none. */
const char *relay_last_line(const struct relay *relay);

/* Frees the queues. */
void relay_free(struct relay *relay);

#endif
