/* SPDX-License-Identifier: MIT */
/* The global data of the engine. Everything else is in the frame table and in structs that the
 * caller owns. */
#ifndef VMMU_ENGINE_H
#define VMMU_ENGINE_H

#include "vmmu/vmmu.h"

/* A flush clock, and for each CPU the epoch at which its latest completed flush began. */
struct flush_times {
    _Alignas(64) _Atomic u64 clock; /* counts flushes */
    _Alignas(64) _Atomic u64 done[VMMU_CPUS_MAX];
};

/* How many flush clocks there are. Domains whose numbers differ by a multiple of this share one;
 * others have no cache line of it in common. */
#define FLUSH_CLOCKS 64u

/* What vmmu_start was given, and the flush clocks. */
struct engine {
    struct vmmu_frame *frames; /* the frame table */
    u64 count;                 /* of its elements: the frame count */
    u64 *m2p;
    u64 hypervisor_slots[VMMU_GUEST_HOLE_LAST - VMMU_GUEST_HOLE_FIRST + 1];
    bool l1tf; /* entries that are not present are checked too */
    struct flush_times times[FLUSH_CLOCKS];
};

extern struct engine vmmu_engine;

#endif
