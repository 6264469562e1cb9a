/* SPDX-License-Identifier: MIT */
/* Writes a timeline as Chrome trace-event JSON, which Perfetto, Trace Compass and speedscope open.
 *
 * Process 1 is the machine: a track for each CPU, with what it runs, and one for the interrupts
 * that CPUs send to one another. Process 100 + N is domain N: a track for each vCPU, with its
 * slices, and counter tracks. Records may come from the CPUs in any order, if those of one CPU come
 * in its order. */
#ifndef TOOLS_TIMELINE_H
#define TOOLS_TIMELINE_H

#include <stdio.h>

#include "lib/watch_trace.h"
#include "tools/fail.h"

struct timeline_cpu {
    u64 since; /* when it began to run the vCPU; 0: it is not known what it runs */
    u64 last;  /* the end of its last record */
    u16 domain, vcpu;
    u64 lost; /* records */
    bool named;
};

struct timeline {
    FILE *to;
    u64 start, khz; /* TSC at the start of the trace, and its frequency */
    bool any;       /* an event has been written */
    u64 records;
    struct xs_handle *store; /* names of domains (tools/toolstack.h); NULL: there are none */
    struct timeline_cpu cpu[TRACE_CPUS_MAX];
    u8 named[TRACE_NOBODY + 1][4]; /* which vCPUs of each domain have names, as bits */
};

/* Begins the file. `timeline` is large: not for the stack. Without names of domains, unless the
 * caller sets `store` afterwards. */
void timeline_start(struct timeline *timeline, FILE *to, u64 start, u64 khz);

/* Adds a record of CPU `cpu`, which is less than TRACE_CPUS_MAX. A record of an unknown kind is
 * left out. */
void timeline_add(struct timeline *timeline, u32 cpu, const struct trace_record *record);

/* Says how many records of the CPU have been lost since the start. Where the number has grown, the
 * timeline shows it at the end of the records that were added so far. */
void timeline_lost(struct timeline *timeline, u32 cpu, u64 lost);

/* Ends the file, which the caller closes. Returns how many records were lost. */
u64 timeline_end(struct timeline *timeline);

#endif
