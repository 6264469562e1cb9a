/* SPDX-License-Identifier: MIT */
/* The bench program's clock and its operations. */
#ifndef BENCH_GUEST_MEASURE_H
#define BENCH_GUEST_MEASURE_H

#include <stdint.h>

#include "bench/markers.h"

enum operation {
#define OPERATION(function, ...) OP_##function,
#include "bench/operations.def"
#undef OPERATION
    OPERATIONS
};

/* Each runs `count` times between begin() and end(), which it calls itself. */
#define OPERATION(function, ...) void function(unsigned count);
#include "bench/operations.def"
#undef OPERATION

extern uint64_t measure_start, measure_total; /* ticks of the TSC */

/* Under QEMU's instruction counting, one tick is one instruction. */
static inline uint64_t ticks(void)
{
    uint32_t low, high;

    __asm__ volatile("rdtsc" : "=a"(low), "=d"(high)::"memory");
    return low | (uint64_t)high << 32;
}

#define begin(function)                                                                            \
    do {                                                                                           \
        mark(MARKER_BEGIN(OP_##function));                                                         \
        measure_start = ticks();                                                                   \
    } while (0)

#define end()                                                                                      \
    do {                                                                                           \
        measure_total = ticks() - measure_start;                                                   \
        mark(MARKER_END);                                                                          \
    } while (0)

/* Writes the kernel's functions, as /proc/kallsyms has them, to the emulator's debugging port. */
void print_symbols(void);

/* Ends the program when `good` is false. */
void must(int good, const char *what);

#endif
