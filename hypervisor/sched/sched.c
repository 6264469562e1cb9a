/* SPDX-License-Identifier: MIT */
/* The scheduler: vCPUs become runnable, block, wake and end. */
#include "hypervisor/ranks.h"
#include "hypervisor/sched/sched.h"
#include "hypervisor/cpu/cpu.h"
#include "hypervisor/domain/domain.h"
#include "hypervisor/event/channel.h"
#include "hypervisor/sched/place.h"
#include "hypervisor/time/clock.h"
#include "hypervisor/time/timer.h"
#include "hypervisor/sched/queue.h"

void sched_start_cpu(struct cpu *cpu)
{
    queue_of(cpu)->lock.rank = RANK_QUEUE;
    atomic_store(&queue_of(cpu)->running, QUEUE_NONE);
    atomic_store(&queue_of(cpu)->waiting, QUEUE_NONE);
}

void sched_start_domain(struct domain *domain, u32 weight, u32 cap)
{
    share_start(&domain->share, weight ? weight : 1, cap, domain->vcpu_count, cpu_count());
}

static void choose_again(void)
{
    for (u32 i = 0; i < cpu_count(); i++) {
        cpu_kick(cpu_at(i));
    }
}

void sched_set_share(struct domain *domain, u32 weight, u32 cap)
{
    share_set(&domain->share, weight, cap);
    choose_again();
}

void sched_set_preempts(u64 ns)
{
    share_set_preempts(ns);
    for (u32 i = 0; i < domain_count(); i++) {
        struct domain *domain = domain_at(i);

        if (domain && domain->share.weight) {
            share_set(&domain->share, domain->share.weight, domain->share.cap);
        }
    }
}

u64 sched_idle_time(const struct cpu *cpu)
{
    struct queue *queue = queue_of(cpu);
    const u64 now = clock_now();

    lock_take(&queue->lock);
    u64 idle = queue->idle;
    if (!queue->chosen && now > queue->charged_at) {
        idle += now - queue->charged_at;
    }
    lock_release(&queue->lock);
    return idle;
}

bool sched_start_vcpu(struct vcpu *vcpu, u64 cpus)
{
    u64 online = 0;

    for (u32 i = 0; i < cpu_count(); i++) {
        online |= (u64)(cpu_at(i) != NULL) << i;
    }
    vcpu->queue.cpus = cpus & online ? cpus & online : online;
    return cpus & online;
}

static struct cpu *home_of(const struct vcpu *vcpu)
{
    return atomic_load(&vcpu->queue.home);
}

struct cpu *sched_lock_home(struct vcpu *vcpu)
{
    for (;;) {
        struct cpu *home = home_of(vcpu);

        lock_take(&queue_of(home)->lock);
        if (home == home_of(vcpu)) {
            return home;
        }
        lock_release(&queue_of(home)->lock);
    }
}

void sched_set_cpus(struct vcpu *vcpu, u64 cpus)
{
    if (!home_of(vcpu)) {
        vcpu->queue.cpus = cpus;
        return;
    }
    struct cpu *home = sched_lock_home(vcpu);
    vcpu->queue.cpus = cpus;
    if (atomic_load(&vcpu->loaded)) { /* by its home: no other CPU may load it */
        cpu_kick(home);
    } else if (vcpu->queue.waits) {
        queue_publish(home, clock_now());
        place_offer(home, clock_now());
    }
    lock_release(&queue_of(home)->lock);
}

/* Lets a vCPU that has woken take the CPU from the one that runs: at once; or, if that one has
 * woken it by an event, when that one has run for the rate limit. Otherwise two domains that notify
 * each other would take turns at each notification, and neither could collect work. */
static void preempt(struct cpu *cpu, u64 now)
{
    struct queue *queue = queue_of(cpu);
    u64 least = queue->chosen_at + share_preempts_ns();

    if (!queue->notifies || now >= least) {
        queue->preempted = true;
    } else if (queue->preempts_at) {
        return;
    } else {
        queue->preempts_at = least;
    }
    cpu_kick(cpu);
}

/* Kicks `cpu` if it should choose again because `vcpu` has come into its queue: it is idle, it
 * should be preempted, or its slice must get an end or an earlier one. True: the CPU was idle and
 * has been claimed for this vCPU. */
static bool kick_for(struct cpu *cpu, const struct vcpu *vcpu, u64 now)
{
    const struct share *share = &vcpu->domain->share;
    struct queue *queue = queue_of(cpu);

    if (!queue->chosen && share_may_run(share, now)) {
        bool claimed = place_claim(cpu, vcpu);

        cpu_kick(cpu);
        return claimed;
    }
    if (!share_may_run(share, now)) {
        u64 release = queue_release(cpu, now);

        if (!queue->slice_end || (release && release < queue->slice_end)) {
            cpu_kick(cpu);
        }
    } else if (queue_preempts(vcpu, queue->chosen)) {
        preempt(cpu, now);
    } else if (!queue->slice_end) {
        cpu_kick(cpu);
    }
    return false;
}

/* Queues a vCPU that has just become runnable on `target`. The caller holds the locks of the queues
 * of its home and of `target`. */
static void queue_woken(struct cpu *target, struct vcpu *vcpu)
{
    u64 now = clock_now();

    sched_runstate(vcpu, RUNSTATE_runnable, now);
    atomic_store(&vcpu->queue.home, target);
    queue_charge(target, now);
    queue_put(target, vcpu);
    queue_limit_lag(target, vcpu, now);
    bool taken = kick_for(target, vcpu, now);
    queue_publish(target, now);
    if (!taken) {
        place_offer(target, now);
    }
}

/* Locks the queues of the vCPU's home (stored in *home) and of the CPU on which it should wait,
 * which is returned. A vCPU whose state is still loaded on a CPU stays on its home. */
static struct cpu *lock_to_wake(struct vcpu *vcpu, struct cpu **home)
{
    for (;;) {
        *home = home_of(vcpu);
        struct cpu *target = atomic_load(&vcpu->loaded) ? *home : place_for(vcpu, *home);

        queue_lock_two(*home, target);
        if (*home == home_of(vcpu) && (target == *home || !atomic_load(&vcpu->loaded))) {
            return target;
        }
        queue_unlock_two(*home, target);
    }
}

/* Makes a blocked or polling vCPU runnable, or with `from_down` one that is down; it is queued
 * unless its domain is held. No effect on a vCPU in another state or of an ended domain. */
static void make_runnable(struct vcpu *vcpu, bool from_down)
{
    struct cpu *home, *target = lock_to_wake(vcpu, &home);
    u32 state = atomic_load(&vcpu->state);

    if (state != VCPU_RUNNABLE && (state == VCPU_DOWN) == from_down &&
        !domain_has_ended(vcpu->domain)) {
        atomic_store(&vcpu->state, VCPU_RUNNABLE);
        if (queue_of(home)->chosen == vcpu) {
            cpu_kick(home);
        } else if (domain_is_held(vcpu->domain)) {
            sched_runstate(vcpu, RUNSTATE_offline, clock_now()); /* sched_release will queue it */
        } else {
            queue_woken(target, vcpu);
        }
    }
    queue_unlock_two(home, target);
}

void sched_hold(struct domain *domain)
{
    for (u32 i = 0; i < domain->vcpu_count; i++) {
        struct vcpu *vcpu = domain->vcpu[i];

        if (!home_of(vcpu)) {
            continue;
        }
        struct cpu *home = sched_lock_home(vcpu);
        if (vcpu->queue.waits) {
            queue_take(home, vcpu);
            queue_publish(home, clock_now());
        }
        if (atomic_load(&vcpu->loaded)) {
            cpu_kick(home);
        }
        if (queue_of(home)->chosen != vcpu && atomic_load(&vcpu->state) == VCPU_RUNNABLE) {
            sched_runstate(vcpu, RUNSTATE_offline, clock_now());
        }
        lock_release(&queue_of(home)->lock);
    }
}

void sched_release(struct domain *domain)
{
    for (u32 i = 0; i < domain->vcpu_count; i++) {
        struct vcpu *vcpu = domain->vcpu[i];

        if (!home_of(vcpu)) {
            continue;
        }
        struct cpu *home, *target = lock_to_wake(vcpu, &home);
        if (queue_of(home)->chosen == vcpu) {
            cpu_kick(home);
        } else if (atomic_load(&vcpu->state) == VCPU_RUNNABLE && !vcpu->queue.waits &&
                   !domain_is_held(domain)) {
            queue_woken(target, vcpu);
        }
        queue_unlock_two(home, target);
    }
}

void sched_wake(struct vcpu *vcpu)
{
    u32 state = atomic_load(&vcpu->state);
    struct cpu *loaded = atomic_load(&vcpu->loaded);

    if (state == VCPU_BLOCKED || state == VCPU_POLLING) {
        make_runnable(vcpu, false);
    } else if (state == VCPU_RUNNABLE && loaded && loaded != this_cpu()) {
        cpu_kick(loaded); /* a CPU other than this one checks for events when it is kicked; this one
                             does so before it enters the guest */
    }
}

void sched_add(struct vcpu *vcpu)
{
    struct cpu *none = NULL;

    if (!home_of(vcpu)) {
        atomic_compare_exchange_strong(&vcpu->queue.home, &none, place_first(vcpu));
    }
    make_runnable(vcpu, true);
}

void sched_remove(struct vcpu *vcpu)
{
    struct cpu *home;

    if (!home_of(vcpu)) {
        atomic_store(&vcpu->state, VCPU_DOWN);
        return;
    }
    home = sched_lock_home(vcpu);
    atomic_store(&vcpu->state, VCPU_DOWN);
    if (vcpu->queue.waits) {
        queue_take(home, vcpu);
    }
    if (atomic_load(&vcpu->loaded)) {
        cpu_kick(home);
    }
    if (queue_of(home)->chosen != vcpu) {
        sched_runstate(vcpu, RUNSTATE_offline, clock_now());
    }
    lock_release(&queue_of(home)->lock);
}

bool sched_may_park(const struct vcpu *vcpu)
{
    return atomic_load(&vcpu->state) != VCPU_DOWN && !domain_is_held(vcpu->domain) &&
           vcpu->queue.cpus >> this_cpu()->number & 1;
}

bool sched_stopped(const struct vcpu *vcpu)
{
    return atomic_load(&vcpu->state) == VCPU_DOWN && !atomic_load(&vcpu->loaded);
}

void sched_kick_domain(const struct domain *domain)
{
    for (u32 i = 0; i < domain->vcpu_count; i++) {
        struct cpu *cpu = domain->vcpu[i] ? atomic_load(&domain->vcpu[i]->loaded) : NULL;

        if (cpu) {
            cpu_kick(cpu);
        }
    }
}

void sched_notifies(bool notifies)
{
    queue_of(this_cpu())->notifies = notifies;
}

static bool wake_due(const struct vcpu *vcpu)
{
    return event_upcall_due(vcpu) || (vcpu->nmi_pending && !vcpu->nmi_masked);
}

/* Puts the current vCPU to sleep, unless another CPU has taken it down meanwhile. */
static void sleep(struct vcpu *vcpu, enum vcpu_state state)
{
    struct cpu *cpu = this_cpu();

    lock_take(&queue_of(cpu)->lock);
    if (atomic_load(&vcpu->state) == VCPU_RUNNABLE) {
        atomic_store(&vcpu->state, state);
    }
    lock_release(&queue_of(cpu)->lock);
    cpu_kick(cpu);
}

/* sched_block and sched_poll first put the vCPU to sleep and then check for events: an event that
 * is raised in between wakes it. */
void sched_block(struct vcpu *vcpu)
{
    sleep(vcpu, VCPU_BLOCKED);
    if (wake_due(vcpu)) {
        sched_wake(vcpu);
    }
}

void sched_poll(struct vcpu *vcpu, u64 timeout)
{
    timer_stop(&vcpu->poll_timer);
    sleep(vcpu, VCPU_POLLING);
    if (wake_due(vcpu) || event_poll_due(vcpu)) {
        sched_wake(vcpu);
        return;
    }
    if (timeout) {
        vcpu->poll_timer.kind = TIMER_POLL;
        vcpu->poll_timer.vcpu = vcpu;
        timer_set(&vcpu->poll_timer, timeout);
    }
}

void sched_give_way(struct vcpu *vcpu)
{
    vcpu->queue.yielded = true;
    cpu_kick(this_cpu());
}
