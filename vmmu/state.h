/* SPDX-License-Identifier: MIT */
/* All that the engine keeps outside the frame table and its callers' structs. */
#ifndef VMMU_STATE_H
#define VMMU_STATE_H

#include "vmmu/vmmu.h"

/* A CPU's flushes, in ticks of the flush clock; a cache line each. Others read only `done`. */
struct cpu_flushes {
    _Alignas(64) _Atomic u64 done; /* taken before its latest finished flush began */
    u64 tick;                      /* taken before its next, or present, flush began */
    bool announced;                /* the tick is of just before that */
};

struct vmmu_state {
    struct vmmu_frame *frames;
    u64 count;
    u64 *m2p;
    u64 hypervisor_slots[VMMU_GUEST_HOLE_LAST - VMMU_GUEST_HOLE_FIRST + 1];
    bool l1tf;
    _Alignas(64) _Atomic u64 clock; /* ticks once a flush */
    struct cpu_flushes cpu[VMMU_CPUS_MAX];
};

extern struct vmmu_state vmmu_state;

#endif
