/* SPDX-License-Identifier: MIT */
/* The counting plugin: what its two files share. */
#ifndef BENCH_PLUGIN_COUNT_H
#define BENCH_PLUGIN_COUNT_H

#include <stdbool.h>
#include <stdint.h>

enum phase {
#define OPERATION(function, ...) PHASE_##function,
#include "bench/operations.def"
#undef OPERATION
    PHASE_BOOT, /* reset to the guest's first process */
    PHASE_ALL,
    PHASES
};

struct counter {
    struct counter *next;
    uint64_t address, count, at_begin;
    uint64_t in_phase[PHASES];
};

void report_symbols(const char *path);
bool report_image(const char *low_and_high);
void report_add(const struct counter *counter);
void report_write(const char *path);

#endif
