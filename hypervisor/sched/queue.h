/* SPDX-License-Identifier: MIT */
/* The run queue of one CPU: the vCPUs that wait for it, and the hints that other CPUs read.
 *
 * All members but the atomic ones are guarded by `lock` (RANK_QUEUE; the locks of two queues are
 * taken in ascending order of CPU number). Only the CPU itself changes `chosen` and `slice_end`, so
 * it may read these without the lock. */
#ifndef SCHED_QUEUE_H
#define SCHED_QUEUE_H

#include <stdatomic.h>

#include "hypervisor/cpu/cpu.h"
#include "lib/addr.h"
#include "lib/lock.h"
#include "lib/types.h"

struct vcpu;

#define QUEUE_NONE (~0ull) /* in place of a virtual time: there is no vCPU */

struct queue {
    struct lock lock;
    struct vcpu *first, *last;
    struct vcpu *chosen; /* the vCPU that the CPU runs; NULL: idle */
    u64 charged_at;      /* system time up to which the run time of `chosen` has been charged */
    u64 slice_end;       /* system time at which the CPU must choose again; 0: no limit */
    u64 idle;            /* how long the CPU ran no vCPU, up to charged_at, ns */
    bool preempted;      /* a vCPU that should run before `chosen` has been queued */
    u64 chosen_at;       /* system time at which the CPU took up `chosen` */
    bool notifies;       /* `chosen` is sending an event to another domain */
    u64 preempts_at;     /* system time at which a vCPU that `chosen` has woken takes the CPU; 0:
                            there is none */
    /* Hints for other CPUs. `running`: the virtual time of the domain that runs here, or of the
     * vCPU for which place_claim has reserved the CPU; QUEUE_NONE: idle. */
    _Alignas(64) _Atomic u64 running;
    _Atomic u64 waiting; /* the least virtual time of the vCPUs in this queue that another CPU could
                            run now; QUEUE_NONE: there is none */
};

/* A CPU as the scheduler sees it, in the state page of the CPU's region. Code below the scheduler
 * knows only the first member. */
struct sched_cpu {
    struct cpu cpu;
    struct queue queue;
};

_Static_assert(sizeof(struct sched_cpu) <= PAGE_SIZE, "a CPU and its queue fit the state page");

/* The queue of a CPU. */
static inline struct queue *queue_of(const struct cpu *cpu)
{
    return &((struct sched_cpu *)cpu)->queue;
}

/* Appends a vCPU to the queue, or removes it. The caller holds the lock. */
void queue_put(struct cpu *cpu, struct vcpu *vcpu);
void queue_take(struct cpu *cpu, struct vcpu *vcpu);

/* Removes the vCPUs whose domains have come to be held while they waited. */
void queue_clean(struct cpu *cpu);

/* Of the vCPUs in the queue of `cpu` that may run at `now` on CPU `on`: the one that should run
 * first. NULL: there is none. A vCPU whose state is still loaded on a CPU other than `on` may not
 * run there yet. */
struct vcpu *queue_best(const struct cpu *cpu, const struct cpu *on, u64 now);

/* As queue_best, but only vCPUs that are behind `than` by more than one slice of their own domain,
 * which makes a move to another CPU worthwhile. `than` NULL: as queue_best. */
struct vcpu *queue_best_owed(const struct cpu *cpu, const struct cpu *on, const struct vcpu *than,
                             u64 now);

/* Charges the CPU time since the last charge to `chosen`, if there is one, and to its domain. */
void queue_charge(struct cpu *cpu, u64 now);

/* Raises the CPU time of `vcpu` and the virtual time of its domain to the least that they may be
 * behind their competitors on this CPU, so that a vCPU that slept gets no advantage without
 * limit. */
void queue_limit_lag(const struct cpu *cpu, struct vcpu *vcpu, u64 now);

/* The vCPU that the CPU would run at `now`: the best one in the queue, or `chosen` if that may go
 * on and is better. NULL: none. */
struct vcpu *queue_candidate(const struct cpu *cpu, u64 now);

/* The earliest system time at which a waiting vCPU that its domain's cap holds back may run again.
 * 0: there is no such vCPU. */
u64 queue_release(const struct cpu *cpu, u64 now);

/* queue_before: true when `a` should run before `b`, because its domain has less virtual time or,
 * in the same domain, it has less CPU time; also true if they are equal. queue_preempts: true when
 * `a`, which has just woken, is behind `b` by more than share_preempts_ns and so should take the
 * CPU from it immediately. */
bool queue_before(const struct vcpu *a, const struct vcpu *b);
bool queue_preempts(const struct vcpu *a, const struct vcpu *b);

/* Computes the `waiting` hint of this queue anew. The caller holds the lock. */
void queue_publish(struct cpu *cpu, u64 now);

/* Locks, or unlocks, the queues of two CPUs, which may be the same, in ascending order of CPU
 * number. */
void queue_lock_two(struct cpu *a, struct cpu *b);
void queue_unlock_two(struct cpu *a, struct cpu *b);

#endif
