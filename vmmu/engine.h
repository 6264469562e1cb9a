/* SPDX-License-Identifier: MIT */
/* The global data of the engine. All its other data is in the frame table, in the frames, and in
 * structs that the caller owns. */
#ifndef VMMU_ENGINE_H
#define VMMU_ENGINE_H

#include "vmmu/vmmu.h"

/* A flush clock, the epoch at which an L1 table was last unlinked (flush_note_unlinked), and for
 * each CPU the epoch at which its latest completed flush began: what vmmu_flush_begins returned for
 * that flush, or 0 if there was none. */
struct flush_times {
    _Alignas(64) _Atomic u64 clock; /* vmmu_flush_begins adds 1 to it */
    _Atomic u64 unlinked;
    _Alignas(64) _Atomic u64 done[VMMU_CPUS_MAX];
};

/* The number of flush clocks. Domains whose numbers differ by a multiple of it share a clock; other
 * domains share neither a clock nor a cache line of one. */
#define FLUSH_CLOCKS 64u

/* What vmmu_start was given, and the flush clocks. */
struct engine {
    struct vmmu_frame *frames; /* the frame table */
    u64 count;                 /* the frame count: the number of elements of `frames` */
    u64 *m2p;
    u64 hypervisor_slots[VMMU_GUEST_HOLE_LAST - VMMU_GUEST_HOLE_FIRST + 1];
    bool l1tf;                /* also check entries that are not present (see vmmu_start) */
    _Atomic u64 restrictions; /* how often the rights to device frames have become stricter */
    struct flush_times times[FLUSH_CLOCKS];
    /* Stand for VMMU_OWNER_DEVICE and VMMU_OWNER_HYPERVISOR where an operation takes the owner of
     * the frames that an entry may map. Only their number is used. */
    struct vmmu_domain devices, hypervisor;
};

extern struct engine vmmu_engine;

#endif
