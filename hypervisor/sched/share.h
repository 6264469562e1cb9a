/* SPDX-License-Identifier: MIT */
/* A domain's share of the CPUs: its virtual time, which orders the domains, and its cap.
 *
 * Virtual time is CPU time * SHARE_WEIGHT / weight, in ns, of all its vCPUs together: the domain
 * with the least of it is owed the most. Two domains that want the same CPU lie at most the sum of
 * their lags apart; who is further behind could not use its share, and is raised. So nobody saves
 * up.
 *
 * A cap is a debt in time: each ns that is used takes 100 / cap ns to pay off, and until it is paid
 * off (`paid_at`) the domain waits. */
#ifndef SCHED_SHARE_H
#define SCHED_SHARE_H

#include <stdatomic.h>

#include "lib/types.h"

#define SHARE_WEIGHT 256u /* of a domain that asks for nothing else */
#define SHARE_PREEMPTS_NS                                                                          \
    1000000ull /* what a vCPU that wakes must be owed to take a CPU at once                        \
                */

struct share {
    u32 weight; /* 1..65535 */
    u32 cap;    /* percent of one CPU; 0: none */
    u64 slice;  /* ns that one of its vCPUs runs before others may */
    u64 slice_virtual;
    u64 lag; /* ns: a slice of as many vCPUs as can run at once */
    u64 lag_virtual;
    u64 preempts; /* SHARE_PREEMPTS_NS, virtual */
    /* Any CPU. */
    _Alignas(64) _Atomic u64 virtual_time;
    _Atomic u64 paid_at; /* system time */
};

/* For a domain of `vcpus` on a machine of `cpus`. */
void share_start(struct share *share, u32 weight, u32 cap, u32 vcpus, u32 cpus);

/* `ns` of CPU time were used, up to `now`. */
void share_charge(struct share *share, u64 ns, u64 now);

/* `ns` of CPU time as virtual time. */
u64 share_virtual(const struct share *share, u64 ns);

static inline u64 share_time(const struct share *share)
{
    return atomic_load_explicit(&share->virtual_time, memory_order_relaxed);
}

/* True when its cap lets it run at `now`. */
static inline bool share_may_run(const struct share *share, u64 now)
{
    return !share->cap || atomic_load_explicit(&share->paid_at, memory_order_relaxed) <= now;
}

/* Brings `share` up to what it may lie behind `rival`. */
void share_raise(struct share *share, const struct share *rival);

#endif
