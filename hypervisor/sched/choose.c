/* SPDX-License-Identifier: MIT */
/* Choosing the vCPU that a CPU runs next. */
#include "hypervisor/cpu/cpu.h"
#include "hypervisor/domain/domain.h"
#include "hypervisor/sched/place.h"
#include "hypervisor/sched/sched.h"
#include "hypervisor/time/clock.h"
#include "hypervisor/sched/queue.h"

static bool slice_ended(const struct queue *queue, u64 now)
{
    return queue->slice_end && now >= queue->slice_end;
}

static bool slice_over(const struct queue *queue, u64 now)
{
    return queue->preempted || slice_ended(queue, now) ||
           (queue->preempts_at && now >= queue->preempts_at);
}

/* over: its slice is over. True when the CPU goes on with `old` although `best` waits in its queue
 * (NULL: none waits). */
static bool keeps(const struct cpu *cpu, const struct vcpu *old, const struct vcpu *best, bool over,
                  u64 now)
{
    if (atomic_load(&old->state) != VCPU_RUNNABLE || domain_is_held(old->domain) ||
        !share_may_run(&old->domain->share, now) || !(old->queue.cpus >> cpu->number & 1)) {
        return false;
    }
    if (!best) {
        return true;
    }
    return !old->queue.yielded && !(over && queue_before(best, old));
}

/* Ends the run of `old` on this CPU: it is queued again if it is runnable and not held, and its
 * runstate follows its state. */
static void put_back(struct cpu *cpu, struct vcpu *old, u64 now)
{
    u32 state = atomic_load(&old->state);

    if (state == VCPU_RUNNABLE && !domain_is_held(old->domain)) {
        queue_put(cpu, old);
        sched_runstate(old, RUNSTATE_runnable, now);
    } else {
        bool sleeps = state == VCPU_BLOCKED || state == VCPU_POLLING;

        sched_runstate(old, sleeps ? RUNSTATE_blocked : RUNSTATE_offline, now);
    }
}

static void take_up(struct cpu *cpu, struct vcpu *next, u64 now)
{
    queue_take(cpu, next);
    atomic_store(&next->loaded, cpu);
    sched_runstate(next, RUNSTATE_running, now);
}

/* Makes slice_end `at`, unless it is earlier already. */
static void end_slice_by(struct queue *queue, u64 at)
{
    if (at && (!queue->slice_end || at < queue->slice_end)) {
        queue->slice_end = at;
    }
}

/* Sets slice_end, the system time at which another vCPU may be preferred to `next`; 0: there is
 * none to prefer, because the queue is empty, there is only one CPU and `next` has no cap, or
 * because `next` is NULL. (With several CPUs, a vCPU from another queue may be preferred.) If a
 * waiting vCPU that its domain's cap holds back may run before that, or one that has woken takes
 * the CPU then, that time is slice_end. */
static void set_slice_end(struct cpu *cpu, const struct vcpu *next, bool fresh, u64 now)
{
    struct queue *queue = queue_of(cpu);

    if (!next || (!queue->first && cpu_count() == 1 && !next->domain->share.cap)) {
        queue->slice_end = 0;
    } else if (fresh || !queue->slice_end) {
        queue->slice_end = now + next->domain->share.slice;
    }
    end_slice_by(queue, queue_release(cpu, now));
    end_slice_by(queue, queue->preempts_at);
}

static struct vcpu *choose_here(struct cpu *cpu, u64 now)
{
    struct queue *queue = queue_of(cpu);

    lock_take(&queue->lock);
    queue_charge(cpu, now);
    queue_clean(cpu);
    struct vcpu *old = queue->chosen, *best = queue_best(cpu, cpu, now), *next = old;
    bool fresh = slice_over(queue, now);
    if (!old || !keeps(cpu, old, best, fresh, now)) {
        if (old) {
            put_back(cpu, old, now);
        }
        next = best;
        if (next) {
            take_up(cpu, next, now);
        }
        queue->charged_at = now;
        queue->chosen = next;
        queue->chosen_at = now;
        fresh = true;
    }
    if (old) {
        old->queue.yielded = false;
    }
    queue->preempted = false;
    if (fresh) {
        queue->preempts_at = 0;
    }
    if (next) {
        queue_limit_lag(cpu, next, now);
    }
    atomic_store(&queue->running, next ? share_time(&next->domain->share) : QUEUE_NONE);
    set_slice_end(cpu, next, fresh, now);
    queue_publish(cpu, now);
    if (queue->first) {
        place_offer(cpu, now);
    }
    lock_release(&queue->lock);
    return next;
}

/* At the end of a slice, pulls a vCPU that waits on another CPU and should run before the best one
 * here. Does nothing if no vCPU can run here. */
static void balance(struct cpu *cpu, u64 now)
{
    struct queue *queue = queue_of(cpu);
    const struct vcpu *here;
    u64 than;

    lock_take(&queue->lock);
    queue_charge(cpu, now);
    here = queue_candidate(cpu, now);
    /* place_pull reads only queues whose virtual time is below `than`. + 1: also one where a vCPU
     * of the same domain waits, whose virtual time is equal; place_pull compares those two by the
     * time that each has run. 0: no vCPU can run here, pull none. */
    than = here ? share_time(&here->domain->share) + 1 : 0;
    lock_release(&queue->lock);
    if (than) {
        place_pull(cpu, than, now);
    }
}

struct vcpu *sched_choose(void)
{
    struct cpu *cpu = this_cpu();
    struct vcpu *old = queue_of(cpu)->chosen, *next;
    u64 now = clock_now();

    if (cpu_count() > 1 && slice_ended(queue_of(cpu), now)) {
        balance(cpu, now);
    }
    next = choose_here(cpu, now);
    /* This CPU is now marked idle, so later wake-ups kick it. It must find by itself the vCPUs that
     * were queued on other CPUs before. */
    while (!next && cpu_count() > 1 && place_pull(cpu, QUEUE_NONE, now)) {
        next = choose_here(cpu, now);
    }
    if (next && domain_is_held(next->domain)) {
        cpu_kick(cpu); /* The CPU that ended the domain may have checked `loaded` before this vCPU
                          was chosen here, and so has not kicked this CPU. */
    }
    if (old && old != next && cpu->current == old && !domain_has_ended(old->domain)) {
        sched_refresh_areas(old);
    }
    return next;
}

u64 sched_slice_end(void)
{
    return queue_of(this_cpu())->slice_end;
}

void sched_left(struct vcpu *vcpu)
{
    struct cpu *cpu = this_cpu();
    struct queue *queue = queue_of(cpu);
    struct domain *domain = vcpu->domain;
    u64 now = clock_now();

    lock_take(&queue->lock);
    if (queue->chosen == vcpu) { /* no other vCPU has been chosen in its place */
        queue_charge(cpu, now);
        put_back(cpu, vcpu, now);
        queue->chosen = NULL;
        queue->slice_end = 0;
        cpu_kick(cpu);
    }
    /* Read `waits` first: a vCPU that is in no queue may be freed once `loaded` is NULL. */
    bool waits = vcpu->queue.waits;
    atomic_store(&vcpu->loaded, NULL);
    if (waits) {
        queue_publish(cpu, now);
        /* An idle CPU chooses the vCPU itself, unless it may not run it any more. */
        if (queue->chosen || !(vcpu->queue.cpus >> cpu->number & 1)) {
            place_offer(cpu, now);
        }
    }
    lock_release(&queue->lock);
    if (domain_is_held(domain)) {
        domain_vcpu_left(domain);
    }
}
