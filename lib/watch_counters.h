/* SPDX-License-Identifier: MIT */
/* The operations of the hypercall `watch` (lib/watch.h) that show counters: of the machine, and of
 * each domain and its vCPUs. All counts are since the domain was made, and are not exact relative
 * to each other, as other CPUs go on counting. Times are in ns. */
#ifndef LIB_WATCH_COUNTERS_H
#define LIB_WATCH_COUNTERS_H

#include "lib/types.h"

enum watch_counters_operation {
    /* Fills in struct watch_machine. */
    WATCH_MACHINE = 16,
    /* Fills in struct watch_domain for the domain with the lowest number that is at least `id`.
     * Refuses: ESRCH: there is none. */
    WATCH_DOMAIN = 17,
};

struct watch_machine {
    u32 version;
    u32 gap;
    u64 now; /* system time */
    u64 frames, frames_free;
    u32 cpus;
    u32 cpu_khz; /* of the time-stamp counter */
};

/* What a counter is about. */
enum watch_group {
    WATCH_GROUP_WORK,    /* work of the virtual MMU */
    WATCH_GROUP_REFUSAL, /* refusals by one rule of the virtual MMU */
};

#define WATCH_COUNTER_NAME 32

struct watch_counter {
    char name[WATCH_COUNTER_NAME]; /* ends with a zero */
    u32 group;                     /* enum watch_group */
    u32 gap;
    u64 count;
};

struct watch_vcpu {
    u64 cpu_time; /* that it has run */
    u32 online;
    u32 gap;
};

/* States of a domain: bits. */
#define WATCH_STATE_DYING    1u
#define WATCH_STATE_SHUTDOWN 2u
#define WATCH_STATE_BLOCKED  4u
#define WATCH_STATE_CRASHED  8u
#define WATCH_STATE_PAUSED   16u
#define WATCH_STATE_RUNNING  32u

#define WATCH_NO_LIMIT    (~0ull)
#define WATCH_DOMAIN_NAME 128

struct watch_domain {
    u32 version;
    u32 id; /* in: the lowest number; out: the domain's */
    u32 state;
    u32 online_vcpus;
    u64 cpu_time;           /* that its vCPUs have run */
    u64 frames, frames_max; /* that it has, and may have; WATCH_NO_LIMIT */
    u64 counters_at;        /* address of an array of struct watch_counter */
    u64 vcpus_at;           /* address of an array of struct watch_vcpu */
    /* In: how many elements each array has. Out: how many there are; those that fit are written. */
    u32 counters, vcpus;
    char name[WATCH_DOMAIN_NAME]; /* ends with a zero; a toolstack's domain has its own name in the
                                     xenstore */
};

#endif
