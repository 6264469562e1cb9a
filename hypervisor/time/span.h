/* SPDX-License-Identifier: MIT */
/* How far a measurement of one counter against a reference counter can be trusted. The measuring
 * CPU may be interrupted for an unknown time (under an emulator), and meanwhile the reference
 * counter, which is short, may wrap unnoticed. */
#ifndef TIME_SPAN_H
#define TIME_SPAN_H

#include "lib/types.h"

/* The times at which the reference counter was read during one measurement, in ticks of the counter
 * that is measured. Zeroed before the first reading. */
struct span {
    u64 first, last;
    u64 narrowest; /* the shortest time between two successive readings */
    u32 looks;
};

/* Records a reading of the reference counter at time `at`. */
static inline void span_look(struct span *span, u64 at)
{
    if (!span->looks++) {
        span->first = at;
    } else if (span->looks == 2 || at - span->last < span->narrowest) {
        span->narrowest = at - span->last;
    }
    span->last = at;
}

/* True when the readings followed each other without long gaps: the measurement took at most four
 * times as long as its readings need. Then it was also far shorter than the reference counter takes
 * to wrap. */
static inline bool span_is_dense(const struct span *span)
{
    return span->last - span->first <= 4 * span->looks * span->narrowest;
}

/* Several measurements of one rate. Zeroed before the first. */
struct rate {
    u64 least;
    u32 agree;
};

/* Adds a measurement. True when it is confirmed. A measurement during which the reference counter
 * wrapped unnoticed comes out too high, and by a different amount each time. So the least value is
 * the right one, once three measurements are within a thousandth of it. */
static inline bool rate_confirmed(struct rate *rate, u64 measured)
{
    u64 little = measured / 1000;

    if (!rate->least || measured + little < rate->least) {
        *rate = (struct rate){.least = measured};
    }
    if (measured <= rate->least + little) {
        rate->agree++;
    }
    return measured <= rate->least + little && rate->agree >= 3;
}

#endif
