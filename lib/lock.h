/* SPDX-License-Identifier: MIT */
/* A spin lock with a rank: a CPU takes locks in ascending order of their ranks. */
#ifndef LIB_LOCK_H
#define LIB_LOCK_H

#include "lib/types.h"

#ifdef __cplusplus

/* C++ code may contain locks in its objects; only C code takes and releases them. */
struct lock {
    u32 taken;
    u32 rank;
};

#else

#include <stdatomic.h>

struct lock {
    _Atomic u32 taken; /* 1: a CPU holds the lock */
    u32 rank;
};

/* One turn of any loop in which a CPU waits for another CPU. The default executes PAUSE. The
 * hypervisor defines its own, which meanwhile serves the requests of other CPUs, so that two CPUs
 * that wait for each other both continue. */
void lock_wait(void);

/* Takes a lock; waits until it is free. */
static inline void lock_take(struct lock *lock)
{
    while (atomic_exchange_explicit(&lock->taken, 1, memory_order_acquire)) {
        lock_wait();
    }
}

/* Takes a lock if it is free. Returns whether this CPU holds it now. */
static inline bool lock_try(struct lock *lock)
{
    return !atomic_exchange_explicit(&lock->taken, 1, memory_order_acquire);
}

/* Releases a lock that this CPU holds. */
static inline void lock_release(struct lock *lock)
{
    atomic_store_explicit(&lock->taken, 0, memory_order_release);
}

#endif

#endif
