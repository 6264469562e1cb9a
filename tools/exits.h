/* SPDX-License-Identifier: MIT */
/* What entered the hypervisor, added up from the records of the timeline (lib/watch_trace.h): for
 * each domain how often for each reason, and how long it took. */
#ifndef TOOLS_EXITS_H
#define TOOLS_EXITS_H

#include "lib/watch_trace.h"
#include "tools/moment.h"

struct exits_of_domain {
    unsigned id;
    unsigned counters;
    struct counter *counter; /* of COUNTER_EXIT */
};

struct exits {
    uint64_t tsc_khz;
    unsigned domains;
    struct exits_of_domain *domain;
};

/* Adds a record, if it is of an exit. */
void exits_add(struct exits *exits, const struct trace_record *record);

/* Appends the counters to the domains of a moment, which then says that it is measured. */
void exits_into(const struct exits *exits, struct moment *moment);

void exits_free(struct exits *exits);

#endif
