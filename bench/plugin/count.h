/* SPDX-License-Identifier: MIT */
/* What the two files of the counting plugin share. */
#ifndef BENCH_PLUGIN_COUNT_H
#define BENCH_PLUGIN_COUNT_H

#include <stdbool.h>
#include <stdint.h>

enum phase {
#define OPERATION(function, ...) PHASE_##function,
#include "bench/all.def"
#undef OPERATION
    PHASE_BOOT, /* from reset to the guest's first process */
    PHASE_ALL,  /* from reset to the end */
    PHASES
};

/* How often the instruction at one address was executed. */
struct counter {
    struct counter *next;      /* with the same hash */
    uint64_t address;          /* of the instruction */
    uint64_t count;            /* executions since reset */
    uint64_t at_begin;         /* value of `count` when the running phase began */
    uint64_t in_phase[PHASES]; /* executions in each phase */
};

/* Reads the names of functions from a file that `nm -n` has made. */
void report_symbols(const char *path);

/* Reads LOW-HIGH, the addresses at which the hypervisor boots. Returns false if the text is wrong.
 */
bool report_image(const char *low_and_high);

/* Adds a counter to the sums of its function and its share. */
void report_add(const struct counter *counter);

/* Writes all sums to a file. */
void report_write(const char *path);

#endif
