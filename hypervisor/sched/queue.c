/* SPDX-License-Identifier: MIT */
/* The run queue of one CPU: an unordered list. Virtual times change while vCPUs wait, so a sorted
 * list would not stay sorted; finding the least means reading the whole list. */
#include "hypervisor/sched/queue.h"
#include "hypervisor/cpu/cpu.h"
#include "hypervisor/domain/domain.h"
#include "hypervisor/sched/sched.h"

void queue_put(struct cpu *cpu, struct vcpu *vcpu)
{
    struct queue *queue = queue_of(cpu);

    vcpu->queue.next = NULL;
    vcpu->queue.waits = true;
    if (queue->last) {
        queue->last->queue.next = vcpu;
    } else {
        queue->first = vcpu;
    }
    queue->last = vcpu;
}

void queue_take(struct cpu *cpu, struct vcpu *vcpu)
{
    struct queue *queue = queue_of(cpu);
    struct vcpu *before = NULL;

    for (struct vcpu *at = queue->first; at != vcpu; at = at->queue.next) {
        before = at;
    }
    if (before) {
        before->queue.next = vcpu->queue.next;
    } else {
        queue->first = vcpu->queue.next;
    }
    if (queue->last == vcpu) {
        queue->last = before;
    }
    vcpu->queue.next = NULL;
    vcpu->queue.waits = false;
}

void queue_clean(struct cpu *cpu)
{
    struct vcpu *next;

    for (struct vcpu *vcpu = queue_of(cpu)->first; vcpu; vcpu = next) {
        next = vcpu->queue.next;
        if (domain_is_held(vcpu->domain)) {
            queue_take(cpu, vcpu);
        }
    }
}

bool queue_before(const struct vcpu *a, const struct vcpu *b)
{
    if (a->domain == b->domain) {
        return a->queue.ran <= b->queue.ran;
    }
    return share_time(&a->domain->share) <= share_time(&b->domain->share);
}

bool queue_preempts(const struct vcpu *a, const struct vcpu *b)
{
    const struct share *share = &a->domain->share;

    if (a->domain == b->domain) {
        return a->queue.ran + share_preempts_ns() < b->queue.ran;
    }
    return share_time(share) + share->preempts < share_time(&b->domain->share);
}

static bool owed_slice(const struct vcpu *a, const struct vcpu *b)
{
    const struct share *share = &a->domain->share;

    if (a->domain == b->domain) {
        return a->queue.ran + SCHED_SLICE_NS < b->queue.ran;
    }
    return share_time(share) + share->slice_virtual < share_time(&b->domain->share);
}

static bool may_run(const struct vcpu *vcpu, const struct cpu *on, u64 now)
{
    struct cpu *loaded = atomic_load_explicit(&vcpu->loaded, memory_order_acquire);

    return (!loaded || loaded == on) && vcpu->queue.cpus >> on->number & 1 &&
           share_may_run(&vcpu->domain->share, now) && !domain_is_held(vcpu->domain);
}

/* True when `vcpu` should run before `best` (NULL: always). Of two equal ones the first in the list
 * wins: it has waited longer. */
static bool better(const struct vcpu *vcpu, const struct vcpu *best)
{
    return !best || !queue_before(best, vcpu);
}

struct vcpu *queue_best_owed(const struct cpu *cpu, const struct cpu *on, const struct vcpu *than,
                             u64 now)
{
    struct vcpu *best = NULL;

    for (struct vcpu *vcpu = queue_of(cpu)->first; vcpu; vcpu = vcpu->queue.next) {
        if (may_run(vcpu, on, now) && (!than || owed_slice(vcpu, than)) && better(vcpu, best)) {
            best = vcpu;
        }
    }
    return best;
}

struct vcpu *queue_best(const struct cpu *cpu, const struct cpu *on, u64 now)
{
    return queue_best_owed(cpu, on, NULL, now);
}

struct vcpu *queue_candidate(const struct cpu *cpu, u64 now)
{
    struct vcpu *chosen = queue_of(cpu)->chosen, *best = queue_best(cpu, cpu, now);

    if (!chosen || atomic_load(&chosen->state) != VCPU_RUNNABLE || !may_run(chosen, cpu, now)) {
        return best;
    }
    return best && queue_before(best, chosen) ? best : chosen;
}

void queue_charge(struct cpu *cpu, u64 now)
{
    struct queue *queue = queue_of(cpu);
    u64 ran = now > queue->charged_at ? now - queue->charged_at : 0;

    if (queue->chosen && ran) {
        queue->chosen->queue.ran += ran;
        share_charge(&queue->chosen->domain->share, ran, now);
    } else {
        queue->idle += ran;
    }
    queue->charged_at += ran;
}

/* Of the vCPUs with which a vCPU competes for its CPU, the one that should run first: among those
 * of its own domain (sibling) and among those of other domains (stranger). NULL: there is none. */
struct rivals {
    const struct vcpu *sibling, *stranger;
};

static void consider(struct rivals *rivals, const struct vcpu *vcpu, const struct vcpu *other)
{
    const struct vcpu **kind = other->domain == vcpu->domain ? &rivals->sibling : &rivals->stranger;

    if (other != vcpu && (!*kind || !queue_before(*kind, other))) {
        *kind = other;
    }
}

/* True when nobody competes with `vcpu` for the CPU. */
static bool is_alone(const struct queue *queue, const struct vcpu *vcpu)
{
    return (!queue->chosen || queue->chosen == vcpu) &&
           (!queue->first || (queue->first == vcpu && queue->last == vcpu));
}

static __attribute__((noinline)) void limit_lag(const struct queue *queue, struct vcpu *vcpu,
                                                u64 now)
{
    struct rivals rivals = {NULL, NULL};
    u64 apart = 2 * vcpu->domain->share.lag;

    if (queue->chosen) {
        consider(&rivals, vcpu, queue->chosen);
    }
    for (struct vcpu *other = queue->first; other; other = other->queue.next) {
        if (share_may_run(&other->domain->share, now)) {
            consider(&rivals, vcpu, other);
        }
    }
    if (rivals.sibling && vcpu->queue.ran + apart < rivals.sibling->queue.ran) {
        vcpu->queue.ran = rivals.sibling->queue.ran - apart;
    }
    if (rivals.stranger) {
        share_raise(&vcpu->domain->share, &rivals.stranger->domain->share);
    }
}

void queue_limit_lag(const struct cpu *cpu, struct vcpu *vcpu, u64 now)
{
    if (!is_alone(queue_of(cpu), vcpu)) {
        limit_lag(queue_of(cpu), vcpu, now);
    }
}

u64 queue_release(const struct cpu *cpu, u64 now)
{
    u64 first = 0;

    for (struct vcpu *vcpu = queue_of(cpu)->first; vcpu; vcpu = vcpu->queue.next) {
        const struct share *share = &vcpu->domain->share;
        u64 paid_at = atomic_load_explicit(&share->paid_at, memory_order_relaxed);

        if (share->cap && paid_at > now && (!first || paid_at < first)) {
            first = paid_at;
        }
    }
    return first;
}

void queue_publish(struct cpu *cpu, u64 now)
{
    u64 least = QUEUE_NONE;

    for (struct vcpu *vcpu = queue_of(cpu)->first; vcpu; vcpu = vcpu->queue.next) {
        u64 time = share_time(&vcpu->domain->share);

        if (!atomic_load_explicit(&vcpu->loaded, memory_order_relaxed) && time < least &&
            share_may_run(&vcpu->domain->share, now)) {
            least = time;
        }
    }
    if (atomic_load_explicit(&queue_of(cpu)->waiting, memory_order_relaxed) != least) {
        atomic_store(&queue_of(cpu)->waiting, least);
    }
}

void queue_lock_two(struct cpu *a, struct cpu *b)
{
    if (a == b) {
        lock_take(&queue_of(a)->lock);
        return;
    }
    struct cpu *low = a->number < b->number ? a : b, *high = low == a ? b : a;

    lock_take(&queue_of(low)->lock);
    lock_take(&queue_of(high)->lock);
}

void queue_unlock_two(struct cpu *a, struct cpu *b)
{
    lock_release(&queue_of(a)->lock);
    if (a != b) {
        lock_release(&queue_of(b)->lock);
    }
}
