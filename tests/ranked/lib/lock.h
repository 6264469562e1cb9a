/* SPDX-License-Identifier: MIT */
/* Takes the place of lib/lock.h: the same locks, but every CPU records which it holds, and panics
 * if it takes one out of the order of hypervisor/ranks.h, releases one that it does not hold, or
 * waits for one that it holds itself. */
#ifndef LIB_LOCK_H
#define LIB_LOCK_H

#include <stdatomic.h>
#include "hypervisor/ranks.h"
#include "lib/types.h"

#define RANKED_CPUS 256u
#define RANKED_HELD 16u

struct lock {
    _Atomic u32 taken;
    u32 rank;
};

/* The locks that a CPU holds. The CPU is found by its stack: any region of 64 KiB counts as one
 * CPU. */
struct held {
    u32 count;
    const struct lock *lock[RANKED_HELD];
};
extern struct held held_by_cpu[RANKED_CPUS];
__attribute__((weak)) struct held held_by_cpu[RANKED_CPUS];

/* Which order the CPUs check. A test turns the order round by another word in the image: RANKS-DN.
 */
extern volatile char rank_order[8];
__attribute__((weak)) volatile char rank_order[8] = {'R', 'A', 'N', 'K', 'S', '-', 'U', 'P'};
#define RANK_ORDER_DIRECTION 6

_Noreturn void panic(const char *format, ...) __attribute__((format(printf, 1, 2)));
void lock_wait(void);

static inline struct held *held_here(void)
{
    u64 sp = (u64)__builtin_frame_address(0);

    return &held_by_cpu[sp / 0x10000 % RANKED_CPUS];
}

/* The report takes locks itself, so the list of this CPU is emptied first. */
static _Noreturn __attribute__((noinline, unused)) void
lock_is_wrong(struct held *held, const char *what, u32 rank, u32 other)
{
    held->count = 0;
    panic("lock of rank %u %s %u", rank, what, other);
}

static inline bool rank_may_follow(u32 rank, u32 held)
{
    bool ascends = rank_order[RANK_ORDER_DIRECTION] == 'U' ? rank > held : rank < held;

    return ascends || (rank == held && (rank == RANK_EVENTS || rank == RANK_QUEUE));
}

static inline void lock_note(struct held *held, const struct lock *lock)
{
    if (held->count == RANKED_HELD) {
        lock_is_wrong(held, "is one too many after", lock->rank, RANKED_HELD);
    }
    held->lock[held->count++] = lock;
}

static inline void lock_take(struct lock *lock)
{
    struct held *held = held_here();

    for (u32 i = 0; i < held->count; i++) {
        if (held->lock[i] == lock || !rank_may_follow(lock->rank, held->lock[i]->rank)) {
            lock_is_wrong(held, "is taken after one of", lock->rank, held->lock[i]->rank);
        }
    }
    while (atomic_exchange_explicit(&lock->taken, 1, memory_order_acquire)) {
        lock_wait();
    }
    lock_note(held, lock);
}

static inline bool lock_try(struct lock *lock)
{
    if (atomic_exchange_explicit(&lock->taken, 1, memory_order_acquire)) {
        return false;
    }
    lock_note(held_here(), lock);
    return true;
}

static inline void lock_release(struct lock *lock)
{
    struct held *held = held_here();
    u32 at = 0;

    while (at < held->count && held->lock[at] != lock) {
        at++;
    }
    if (at == held->count) {
        lock_is_wrong(held, "is given back, of those held:", lock->rank, held->count);
    }
    held->lock[at] = held->lock[--held->count];
    atomic_store_explicit(&lock->taken, 0, memory_order_release);
}

#endif
