/* SPDX-License-Identifier: MIT */
/* Separates the guests' consoles, which arrive mixed on one serial port (lib/handoff.h), and makes
 * standard output of them. The bytes of a single guest are not changed; with several guests only
 * whole lines are written, and each begins with "NAME: ". A line of more than CONSOLES_LINE_MAX
 * bytes is cut: CONSOLES_CUT and a newline follow, and the rest is a line of its own. */
#ifndef TOOLS_CONSOLES_H
#define TOOLS_CONSOLES_H

#include "tools/buffer.h"
#include "tools/guest.h"

#define CONSOLES_LINE_MAX 65536u
#define CONSOLES_CUT      "[line cut]"

struct consoles {
    const struct guests *guests;
    unsigned current;                       /* number of the guest whose bytes follow */
    bool escaped;                           /* the last byte was HANDOFF_ESCAPE */
    bool ended;                             /* HANDOFF_ENDED has arrived: all guests have ended */
    struct buffer line[HANDOFF_GUESTS_MAX]; /* of each guest, the beginning of a line */
};

/* Begins with no bytes received. `guests` must outlive `consoles`. */
void consoles_start(struct consoles *consoles, const struct guests *guests);

/* Takes bytes from the serial port, and appends to `out` what can be written. */
void consoles_take(struct consoles *consoles, const uint8_t *bytes, size_t size,
                   struct buffer *out);

/* Appends the lines that have no end to `out`, after the last byte has been taken, and frees all
 * memory. */
void consoles_finish(struct consoles *consoles, struct buffer *out);

#endif
