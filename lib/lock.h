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

static inline void lock_take(struct lock *lock)
{
    while (atomic_exchange_explicit(&lock->taken, 1, memory_order_acquire))
        __builtin_ia32_pause();
}

static inline void lock_release(struct lock *lock)
{
    atomic_store_explicit(&lock->taken, 0, memory_order_release);
}

#endif
