/* SPDX-License-Identifier: MIT */
/* The sizes of the processors' TLBs, and the manuals that they are from. */
#include "bench/tlb/processors.h"

#define SMALL (1u << TLB_4K)
#define LARGE (1u << TLB_2M)
#define HUGE  (1u << TLB_1G)

const struct tlb_processor tlb_processor[] = {
    /* Intel 64 and IA-32 Architectures Optimization Reference Manual (248966), section on the
     * Skylake client's cache and memory subsystem, table "TLB Parameters". */
    {.name = "skylake",
     .title = "Intel Skylake: 64 entries for data and 128 for instructions, then 1,536 for both",
     .array = {{.data = true, .sizes = SMALL, .sets = 16, .ways = 4},
               {.data = true, .sizes = LARGE, .sets = 8, .ways = 4},
               {.data = true, .sizes = HUGE, .sets = 1, .ways = 4},
               {.fetches = true, .sizes = SMALL, .sets = 16, .ways = 8},
               {.fetches = true, .sizes = LARGE, .sets = 1, .ways = 8},
               {.second_level = true,
                .fetches = true,
                .data = true,
                .sizes = SMALL | LARGE,
                .sets = 128,
                .ways = 12},
               {.second_level = true,
                .fetches = true,
                .data = true,
                .sizes = HUGE,
                .sets = 4,
                .ways = 4}}},
    /* Software Optimization Guide for AMD Family 17h Processors (55723), section 2.7. Pages of 1
     * GiB are cut into pieces of 2 MiB for the second level. */
    {.name = "zen",
     .title = "AMD Zen: 64 entries for data and 64 for instructions, then 1,536 and 512",
     .array =
         {{.data = true, .sizes = SMALL | LARGE | HUGE, .sets = 1, .ways = 64},
          {.fetches = true, .sizes = SMALL | LARGE | HUGE, .sets = 1, .ways = 64},
          {.second_level = true, .data = true, .sizes = SMALL | LARGE, .sets = 128, .ways = 12},
          {.second_level = true, .fetches = true, .sizes = SMALL | LARGE, .sets = 64, .ways = 8}}},
};

const unsigned tlb_processors = ARRAY_LENGTH(tlb_processor);
