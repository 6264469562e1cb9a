/* SPDX-License-Identifier: MIT */
/* All that the engine keeps outside the frame table and its callers' structs. */
#ifndef VMMU_ENGINE_H
#define VMMU_ENGINE_H

#include "vmmu/vmmu.h"

/* A flush clock, and what each CPU took of it before its latest finished flush began. */
struct flush_times {
    _Alignas(64) _Atomic u64 clock; /* ticks once a flush */
    _Alignas(64) _Atomic u64 done[VMMU_CPUS_MAX];
};

/* Domains whose numbers differ by less have clocks of their own, and no cache line in common. */
#define FLUSH_CLOCKS 64u

struct engine {
    struct vmmu_frame *frames;
    u64 count;
    u64 *m2p;
    u64 hypervisor_slots[VMMU_GUEST_HOLE_LAST - VMMU_GUEST_HOLE_FIRST + 1];
    bool l1tf;
    struct flush_times times[FLUSH_CLOCKS];
};

extern struct engine vmmu_engine;

#endif
