/* SPDX-License-Identifier: MIT */
/* The processors that the model of a TLB knows. */
#ifndef BENCH_TLB_PROCESSORS_H
#define BENCH_TLB_PROCESSORS_H

#include "bench/tlb/model.h"

#define TLB_MAX_ARRAYS 8u

/* One array of entries. */
struct tlb_array_shape {
    bool second_level;
    bool fetches, data; /* whose translations it holds */
    unsigned sizes;     /* of pages: bits 1 << TLB_4K and so on */
    unsigned sets, ways;
};

struct tlb_processor {
    const char *name, *title;
    struct tlb_array_shape array[TLB_MAX_ARRAYS]; /* those with 0 ways do not exist */
};

extern const struct tlb_processor tlb_processor[];
extern const unsigned tlb_processors;

#endif
