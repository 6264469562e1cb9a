/* SPDX-License-Identifier: MIT */
/* The counters of the virtual MMU's work; a part of vmmu/vmmu.h. */
#ifndef VMMU_COUNTERS_H
#define VMMU_COUNTERS_H

#include "lib/types.h"

/* A member of a struct that several CPUs may read and write at the same time. */
#ifdef __cplusplus
#include <atomic>
#define VMMU_ATOMIC(type) std::atomic<type>
#else
#define VMMU_ATOMIC(type) _Atomic(type)
#endif

/* Counters of the engine's work for one domain since the domain was started. Any CPU may read them;
 * they are not exact relative to each other. What the domain's vCPUs have counted themselves
 * (vmmu_counted) is not in the counters of a struct vmmu_domain until vmmu_vcpu_stop:
 * vmmu_counters_add adds it. */
struct vmmu_counters {
    /* Entries whose bits were checked: in promotions each that is not 0; in writes to live tables
     * each new entry, unless it differs from the old one only in free bits or gives up the writable
     * bit. */
    VMMU_ATOMIC(u64) entries_checked;
    /* Requests done (but not those of VMMU_UPDATE_M2P), and calls of vmmu_update_va and vmmu_map_at
     * that were done. Emulated writes have a counter of their own. */
    VMMU_ATOMIC(u64) updates;
    VMMU_ATOMIC(u64) promotions; /* tables whose promotion was completed */
    VMMU_ATOMIC(u64) demotions;
    VMMU_ATOMIC(u64) pins;
    VMMU_ATOMIC(u64) unpins;
    VMMU_ATOMIC(u64) emulated_writes;
    VMMU_ATOMIC(u64) root_switches;
    /* How often a frame was claimed for a type other than its last one, if that was not
     * VMMU_TYPE_NONE. Each time also counts in flushes_sent, if some CPU had to flush, or in
     * flushes_skipped. */
    VMMU_ATOMIC(u64) flushes_asked;
    VMMU_ATOMIC(u64) flushes_sent;
    VMMU_ATOMIC(u64) flushes_skipped;
    VMMU_ATOMIC(u64) refusals;
    /* Flushes of other vCPUs that the domain itself asks for; the caller of the engine counts
     * them. */
    VMMU_ATOMIC(u64) remote_asked; /* other vCPUs that the domain asked to flush */
    VMMU_ATOMIC(u64) remote_sent;  /* interrupts that were sent for remote_asked */
    /* Those of remote_asked that needed no interrupt: no CPU ran the vCPU, or an earlier
     * flush request to that CPU was still pending. */
    VMMU_ATOMIC(u64) remote_skipped;
};

/* The most frequent work of one vCPU, to be added to the counters of the same names of its domain.
 * Only the CPU that runs the vCPU writes to it, so that nothing atomic is needed, and CPUs of one
 * domain do not write to the same cache line. */
struct vmmu_counted {
    u64 entries_checked, updates, emulated_writes, root_switches;
};

#endif
