/* SPDX-License-Identifier: MIT */
/* The clock and the operations of the benchmark's program. */
#ifndef BENCH_GUEST_MEASURE_H
#define BENCH_GUEST_MEASURE_H

#include <stdint.h>

#include "bench/markers.h"

enum operation {
#define OPERATION(function, ...) OP_##function,
#include "bench/all.def"
#undef OPERATION
    OPERATIONS
};

/* Each operation is a function that executes it `count` times, between begin() and end(). */
#define OPERATION(function, ...) void function(unsigned count);
#include "bench/all.def"
#undef OPERATION

/* When the last operation began, and how long it took; in ticks of the TSC. */
extern uint64_t measure_start, measure_total;

/* Returns the TSC. Under QEMU's instruction counting one tick is one executed instruction. */
static inline uint64_t ticks(void)
{
    uint32_t low, high;

    __asm__ volatile("rdtsc" : "=a"(low), "=d"(high)::"memory");
    return low | (uint64_t)high << 32;
}

/* Begins the measurement of the operation `function`. */
#define begin(function)                                                                            \
    do {                                                                                           \
        mark(MARKER_BEGIN(OP_##function));                                                         \
        measure_start = ticks();                                                                   \
    } while (0)

/* Ends the measurement. */
#define end()                                                                                      \
    do {                                                                                           \
        measure_total = ticks() - measure_start;                                                   \
        mark(MARKER_END);                                                                          \
    } while (0)

/* Writes the kernel's list of its functions (/proc/kallsyms) to the emulator's debugging port. */
void print_symbols(void);

/* Waits until a child has ended, with exit status 0. */
void wait_for(int child);

/* Ends the program if `good` is false. what: what has failed, for the message. */
void must(int good, const char *what);

#endif
