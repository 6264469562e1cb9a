/* SPDX-License-Identifier: MIT */
/* The run queue of one CPU: the vCPUs that wait for it, and what other CPUs may know of it.
 *
 * All but the atomic members is guarded by `lock` (RANK_QUEUE; two of them in ascending order of
 * their CPUs' numbers). A vCPU's struct queue_entry is guarded by the lock of its home's queue. */
#ifndef SCHED_QUEUE_H
#define SCHED_QUEUE_H

#include <stdatomic.h>

#include "lib/lock.h"
#include "lib/types.h"

struct cpu;
struct vcpu;

#define QUEUE_NONE (~0ull) /* as a key: there is no such vCPU */

/* What a vCPU has of its own for it. */
struct queue_entry {
    _Atomic(struct cpu *) home; /* whose queue it waits in, or ran from last; NULL: never up */
    struct vcpu *next;
    u64 cpus;   /* bit N: CPU N may run it */
    u64 ran;    /* ns; orders the vCPUs of one domain, as virtual time does the domains */
    bool waits; /* is in the queue */
    bool yielded;
};

struct queue {
    struct lock lock;
    struct vcpu *first, *last;
    struct vcpu *chosen; /* what its CPU runs; NULL: idle */
    u64 charged_at;      /* system time up to which `chosen` has been charged */
    u64 slice_end;       /* system time when its CPU is to choose again; 0: not by itself */
    bool preempted;      /* somebody who comes first has woken */
    /* Hints for other CPUs: virtual times, QUEUE_NONE: idle, none waits. */
    _Alignas(64) _Atomic u64 running;
    _Atomic u64 waiting; /* the least of those that another CPU could take */
};

void queue_put(struct cpu *cpu, struct vcpu *vcpu);
void queue_take(struct cpu *cpu, struct vcpu *vcpu);

/* Takes out what has ended while it waited. */
void queue_clean(struct cpu *cpu);

/* Of those that wait here, may run at `now`, and may run on `on`: who is owed most; NULL: none.
 * Whose processor state another CPU has yet to save cannot run on `on`. */
struct vcpu *queue_best(const struct cpu *cpu, const struct cpu *on, u64 now);

/* The same of those that are owed more than `than` by at least a slice of their own: enough to move
 * them. `than` NULL: of all. */
struct vcpu *queue_best_owed(const struct cpu *cpu, const struct cpu *on, const struct vcpu *than,
                             u64 now);

/* Charges what `chosen` has run since it was last charged. */
void queue_charge(struct cpu *cpu, u64 now);

/* Brings `vcpu` and its domain up to what they may lie behind those that want this CPU too. */
void queue_settle(const struct cpu *cpu, struct vcpu *vcpu, u64 now);

/* Who would run next: the best one that waits here, or `chosen`; NULL: none. */
struct vcpu *queue_candidate(const struct cpu *cpu, u64 now);

/* When the first of those whose domain's cap forbids them to run now may; 0: there is none. */
u64 queue_release(const struct cpu *cpu, u64 now);

/* True when `a` comes before `b`, which has just run; when it does and has woken just now. */
bool queue_before(const struct vcpu *a, const struct vcpu *b);
bool queue_preempts(const struct vcpu *a, const struct vcpu *b);

/* Tells other CPUs what waits here. */
void queue_publish(struct cpu *cpu, u64 now);

/* Locks one or two CPUs' queues in their order. */
void queue_lock_two(struct cpu *a, struct cpu *b);
void queue_unlock_two(struct cpu *a, struct cpu *b);

#endif
