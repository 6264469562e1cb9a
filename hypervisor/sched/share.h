/* SPDX-License-Identifier: MIT */
/* A domain's share of the CPUs: its virtual time, which orders the domains, and its cap.
 *
 * Virtual time is CPU time * SHARE_WEIGHT / weight, in ns, summed over the domain's vCPUs; the
 * domain with the least virtual time runs first. The virtual times of two domains that want the
 * same CPU differ by at most the sum of their lags: a domain that is further behind did not use its
 * share, and its virtual time is raised. So a domain cannot save up CPU time.
 *
 * A cap works by a pause: each ns of CPU time moves `paid_at` on by 100 / cap ns, and the domain
 * may not run before system time has reached `paid_at`. */
#ifndef SCHED_SHARE_H
#define SCHED_SHARE_H

#include <stdatomic.h>

#include "lib/types.h"

#define SHARE_WEIGHT 256u /* the default weight */
#define SHARE_PREEMPTS_NS                                                                          \
    1000000ull /* the default of: how far a vCPU that wakes must be behind to                      \
                  preempt */

/* The first members change only together, by share_set, while other CPUs read them: a CPU that
 * reads some before and some after a change makes one choice of a mixture. */
struct share {
    _Atomic u32 weight; /* 1 to 65535 */
    _Atomic u32 cap;    /* percent of one CPU; 0: no cap */
    _Atomic u64 slice;  /* ns that one of its vCPUs runs before another may be chosen */
    _Atomic u64 slice_virtual;
    u64 lag; /* ns: one slice for each vCPU that can run at the same time; fixed */
    _Atomic u64 lag_virtual;
    _Atomic u64 preempts; /* as virtual time, how far a vCPU that wakes must be behind */
    /* The members from here on are changed by every CPU that schedules a vCPU of the domain, and
     * have a cache line of their own. */
    _Alignas(64) _Atomic u64 virtual_time;
    _Atomic u64 paid_at; /* system time from which the cap permits the domain to run */
};

/* Sets up the share of a domain with `vcpus` vCPUs on a machine with `cpus` CPUs. weight: 1 to
 * 65535; cap: percent of one CPU, 0 for none. */
void share_start(struct share *share, u32 weight, u32 cap, u32 vcpus, u32 cpus);

/* Changes weight (1 to 65535) and cap (percent of one CPU; 0: none). The domain may run at once,
 * even if its old cap held it back. May be called on any CPU, at any time after share_start. */
void share_set(struct share *share, u32 weight, u32 cap);

/* How far, in ns of CPU time at the default weight, a vCPU that wakes must be behind to preempt.
 * share_set_preempts sets it for all shares on which share_start or share_set is called
 * afterwards. */
u64 share_preempts_ns(void);
void share_set_preempts(u64 ns);

/* Charges `ns` of CPU time, used up to system time `now`, to the domain. */
void share_charge(struct share *share, u64 ns, u64 now);

/* Converts `ns` of the domain's CPU time to virtual time. */
u64 share_virtual(const struct share *share, u64 ns);

static inline u64 share_time(const struct share *share)
{
    return atomic_load_explicit(&share->virtual_time, memory_order_relaxed);
}

/* True when the cap permits the domain to run at system time `now`. */
static inline bool share_may_run(const struct share *share, u64 now)
{
    return !atomic_load_explicit(&share->cap, memory_order_relaxed) ||
           atomic_load_explicit(&share->paid_at, memory_order_relaxed) <= now;
}

/* If `share` is behind `rival` in virtual time by more than the sum of their lags, raises it until
 * it is behind by just that. */
void share_raise(struct share *share, const struct share *rival);

#endif
