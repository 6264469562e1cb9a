/* SPDX-License-Identifier: MIT */
/* Locks for virtual CPUs: the CPU that holds a lock may not be running, so a CPU that waits for the
 * lock gives its time to others now and then. */
#ifndef GUEST_LOCK_H
#define GUEST_LOCK_H

#include "guest/kernel.h"
#include "lib/lock.h"

#define LOCK_SPINS 100u /* attempts to take a lock between two calls of cpu_relax */

/* Takes a lock; waits until it is free. */
static inline void guest_lock(struct lock *lock)
{
    for (unsigned spins = 0; atomic_exchange_explicit(&lock->taken, 1, memory_order_acquire);) {
        if (++spins % LOCK_SPINS) {
            __builtin_ia32_pause();
        } else {
            cpu_relax();
        }
    }
}

/* Releases a lock that this CPU holds. */
static inline void guest_unlock(struct lock *lock)
{
    lock_release(lock);
}

#endif
