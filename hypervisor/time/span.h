/* SPDX-License-Identifier: MIT */
/* How far a measurement of one counter by another can be trusted, when whoever measures may be kept
 * from running meanwhile, and the standard wraps. */
#ifndef TIME_SPAN_H
#define TIME_SPAN_H

#include "lib/types.h"

/* Looks at the counter that is measured. Zeroed before the first. */
struct span {
    u64 first, last;
    u64 narrowest; /* the shortest time between two looks */
    u32 looks;
};

static inline void span_look(struct span *span, u64 at)
{
    if (!span->looks++) {
        span->first = at;
    } else if (span->looks == 2 || at - span->last < span->narrowest) {
        span->narrowest = at - span->last;
    }
    span->last = at;
}

/* Most of the time was spent with looking: what was meant to be far shorter than a turn of the
 * standard was so. */
static inline bool span_is_dense(const struct span *span)
{
    return span->last - span->first <= 4 * span->looks * span->narrowest;
}

/* Measurements of one rate. Zeroed before the first. */
struct rate {
    u64 least;
    u32 agree;
};

/* One more. Where the standard wrapped unseen the rate comes out too high, and differently each
 * time: so the least counts, once three measurements are within a thousandth of it. */
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
