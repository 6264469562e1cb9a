/* SPDX-License-Identifier: MIT */
/* The guests' consoles as they come over one wire (lib/handoff.h), turned into standard output:
 * one guest's bytes as they are, several guests' in whole lines that begin "NAME: ". */
#ifndef TOOLS_CONSOLES_H
#define TOOLS_CONSOLES_H

#include "tools/buffer.h"
#include "tools/guest.h"

struct consoles {
    const struct guests *guests;
    unsigned current;                       /* whose bytes follow */
    bool escaped;                           /* the last byte was an escape */
    struct buffer line[HANDOFF_GUESTS_MAX]; /* what waits for its line end */
};

void consoles_start(struct consoles *consoles, const struct guests *guests);

/* Takes bytes from the wire, appends what may be shown to `out`. */
void consoles_take(struct consoles *consoles, const uint8_t *bytes, size_t size,
                   struct buffer *out);

/* The wire has ended: shows the lines that never got their end. */
void consoles_finish(struct consoles *consoles, struct buffer *out);

#endif
