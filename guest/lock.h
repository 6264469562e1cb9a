/* SPDX-License-Identifier: MIT */
/* Taking a lock where the CPU that has it may be a virtual one that does not run. */
#ifndef GUEST_LOCK_H
#define GUEST_LOCK_H

#include "guest/kernel.h"
#include "lib/lock.h"

#define LOCK_SPINS 100u /* before the CPU is given to others for a while */

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

static inline void guest_unlock(struct lock *lock)
{
    lock_release(lock);
}

#endif
