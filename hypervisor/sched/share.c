/* SPDX-License-Identifier: MIT */
/* A domain's share of the CPUs: virtual time and cap. */
#include "hypervisor/sched/share.h"
#include "hypervisor/sched/sched.h"

#define CAPPED_SLICE_LEAST_NS 1000000ull

static _Atomic u64 preempts_ns = SHARE_PREEMPTS_NS;

u64 share_virtual(const struct share *share, u64 ns)
{
    return ns * SHARE_WEIGHT / share->weight;
}

/* The slice of a domain with this cap: the lower the cap, the shorter the slice, so that the pauses
 * between slices stay short too. */
static u64 slice_for(u32 cap)
{
    u64 slice = cap && cap < 100 ? SCHED_SLICE_NS * cap / 100 : SCHED_SLICE_NS;

    return slice < CAPPED_SLICE_LEAST_NS ? CAPPED_SLICE_LEAST_NS : slice;
}

u64 share_preempts_ns(void)
{
    return atomic_load_explicit(&preempts_ns, memory_order_relaxed);
}

void share_set_preempts(u64 ns)
{
    atomic_store_explicit(&preempts_ns, ns, memory_order_relaxed);
}

void share_set(struct share *share, u32 weight, u32 cap)
{
    share->weight = weight;
    share->slice = slice_for(cap);
    share->slice_virtual = share_virtual(share, SCHED_SLICE_NS);
    share->lag_virtual = share_virtual(share, share->lag);
    share->preempts = share_virtual(share, share_preempts_ns());
    share->paid_at = 0;
    share->cap = cap;
}

void share_start(struct share *share, u32 weight, u32 cap, u32 vcpus, u32 cpus)
{
    share->lag = SCHED_SLICE_NS * (vcpus < cpus ? vcpus : cpus);
    share_set(share, weight, cap);
}

static void raise(_Atomic u64 *word, u64 least)
{
    u64 was = atomic_load_explicit(word, memory_order_relaxed);

    while (was < least && !atomic_compare_exchange_weak_explicit(
                              word, &was, least, memory_order_relaxed, memory_order_relaxed))
        ;
}

void share_charge(struct share *share, u64 ns, u64 now)
{
    const u32 cap = share->cap; /* another CPU may change it */

    atomic_fetch_add_explicit(&share->virtual_time, share_virtual(share, ns), memory_order_relaxed);
    if (!cap) {
        return;
    }
    /* CPU time that the cap allowed earlier and that was not used is lost. */
    raise(&share->paid_at, now - ns);
    atomic_fetch_add_explicit(&share->paid_at, ns * 100 / cap, memory_order_relaxed);
}

void share_raise(struct share *share, const struct share *rival)
{
    u64 time = share_time(rival), apart = share->lag_virtual + rival->lag_virtual;

    if (time > apart) {
        raise(&share->virtual_time, time - apart);
    }
}
