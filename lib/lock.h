/* SPDX-License-Identifier: MIT */
/* A spin lock with a rank: a CPU takes locks in ascending rank only. */
#ifndef LIB_LOCK_H
#define LIB_LOCK_H

#include <stdatomic.h>
#include "lib/types.h"

struct lock {
    _Atomic u32 taken;
    u32 rank;
};

/* One turn of any loop in which a CPU waits for another. The hypervisor's serves meanwhile what
 * other CPUs wait for from this one: two that wait for each other both go on. */
void lock_wait(void);

static inline void lock_take(struct lock *lock)
{
    while (atomic_exchange_explicit(&lock->taken, 1, memory_order_acquire)) {
        lock_wait();
    }
}

/* False: somebody has it. */
static inline bool lock_try(struct lock *lock)
{
    return !atomic_exchange_explicit(&lock->taken, 1, memory_order_acquire);
}

static inline void lock_release(struct lock *lock)
{
    atomic_store_explicit(&lock->taken, 0, memory_order_release);
}

#endif
