/* SPDX-License-Identifier: MIT */
/* A ring of bytes that keeps the last ones: the log as `xl dmesg` reads it.
 *
 * A position counts the bytes that were ever put into the ring, modulo 2^32. Any number is a valid
 * argument where a position is asked for, and no value of the members makes a function leave
 * `bytes`. */
#ifndef LOG_RING_H
#define LOG_RING_H

#include "lib/types.h"

#define RING_BYTES 65536u /* a power of two */

struct ring {
    u32 end;   /* position behind the newest byte */
    u32 start; /* position of the oldest byte that is shown: older ones were overwritten or
                  cleared */
    char bytes[RING_BYTES];
};

/* Puts `count` bytes into the ring, over the oldest ones. */
void ring_put(struct ring *ring, const char *bytes, u32 count);

/* The position from which a reader that asks for `at` can read: `at`, if the ring has shown bytes
 * from there on or ends there; else the oldest byte that is shown. */
u32 ring_from(const struct ring *ring, u32 at);

/* Copies up to `count` bytes from position `at` on, which is a result of ring_from or lies behind
 * one. Returns how many; 0: `at` is the ring's end. */
u32 ring_get(const struct ring *ring, u32 at, char *bytes, u32 count);

/* From now on bytes before position `at`, as for ring_get, are not shown. */
void ring_clear(struct ring *ring, u32 at);

#endif
