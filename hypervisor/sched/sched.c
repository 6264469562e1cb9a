/* SPDX-License-Identifier: MIT */
/* The scheduler: which vCPU a CPU runs next. */
#include "hypervisor/cpu/apic.h"
#include "hypervisor/cpu/cpu.h"
#include "hypervisor/domain/domain.h"
#include "hypervisor/event/channel.h"
#include "hypervisor/sched/sched.h"
#include "hypervisor/time/clock.h"

#define BOOST_LEAST_NS 1000000ull /* less of a slice is not worth a switch */

static bool alive(const struct vcpu *vcpu)
{
    return !domain_has_ended(vcpu->domain);
}

static bool runnable(const struct vcpu *vcpu)
{
    return atomic_load(&vcpu->state) == VCPU_RUNNABLE && alive(vcpu);
}

/* At the end, or in front of everything but those that are boosted. */
static void queue_put(struct cpu *cpu, struct vcpu *vcpu, bool front)
{
    struct vcpu **link = &cpu->run_head;

    while (*link && (!front || (*link)->boosted))
        link = &(*link)->run_next;
    vcpu->run_next = *link;
    *link = vcpu;
    if (!vcpu->run_next)
        cpu->run_tail = vcpu;
    vcpu->queued = true;
}

static void queue_remove(struct cpu *cpu, struct vcpu *vcpu)
{
    struct vcpu **link = &cpu->run_head, *before = NULL;

    while (*link && *link != vcpu) {
        before = *link;
        link = &(*link)->run_next;
    }
    if (!*link)
        return;
    *link = vcpu->run_next;
    if (cpu->run_tail == vcpu)
        cpu->run_tail = before;
    vcpu->run_next = NULL;
    vcpu->queued = false;
}

/* Drops what ended while it waited. */
static void queue_clean(struct cpu *cpu)
{
    struct vcpu *next;

    for (struct vcpu *vcpu = cpu->run_head; vcpu; vcpu = next) {
        next = vcpu->run_next;
        if (!runnable(vcpu))
            queue_remove(cpu, vcpu);
    }
}

/* Queues a vCPU that has just become runnable. */
static void queue_woken(struct cpu *cpu, struct vcpu *vcpu)
{
    vcpu->boosted = vcpu->slice_left >= BOOST_LEAST_NS;
    if (!vcpu->boosted)
        vcpu->slice_left = 0;
    sched_runstate(vcpu, RUNSTATE_runnable);
    queue_put(cpu, vcpu, vcpu->boosted);
}

void sched_wake(struct vcpu *vcpu)
{
    struct cpu *cpu = vcpu->home;

    if (!cpu)
        return;
    lock_take(&cpu->run_lock);
    u32 state = atomic_load(&vcpu->state);
    if (state == VCPU_BLOCKED || state == VCPU_POLLING) {
        atomic_store(&vcpu->state, VCPU_RUNNABLE);
        if (cpu->chosen != vcpu)
            queue_woken(cpu, vcpu);
    }
    lock_release(&cpu->run_lock);
    cpu_kick(cpu);
}

/* Guests and their vCPUs one after the other over all CPUs. */
void sched_add(struct vcpu *vcpu)
{
    struct cpu *cpu =
        vcpu->home ? vcpu->home : cpu_at((vcpu->domain->index + vcpu->id) % cpu_count());

    lock_take(&cpu->run_lock);
    vcpu->home = cpu;
    atomic_store(&vcpu->state, VCPU_RUNNABLE);
    if (cpu->chosen != vcpu && !vcpu->queued) {
        vcpu->slice_left = 0;
        queue_woken(cpu, vcpu);
    }
    lock_release(&cpu->run_lock);
    cpu_kick(cpu);
}

void sched_remove(struct vcpu *vcpu)
{
    struct cpu *cpu = vcpu->home;

    if (!cpu) {
        atomic_store(&vcpu->state, VCPU_DOWN);
        return;
    }
    lock_take(&cpu->run_lock);
    if (atomic_exchange(&vcpu->state, VCPU_DOWN) != VCPU_DOWN) {
        queue_remove(cpu, vcpu);
        sched_runstate(vcpu, RUNSTATE_offline);
        if (cpu->chosen == vcpu)
            cpu->chosen = NULL;
    }
    lock_release(&cpu->run_lock);
    cpu_kick(cpu);
}

bool sched_stopped(const struct vcpu *vcpu)
{
    return atomic_load(&vcpu->state) == VCPU_DOWN && !atomic_load(&vcpu->loaded);
}

void sched_left(struct vcpu *vcpu)
{
    atomic_store(&vcpu->loaded, NULL);
}

void sched_kick_domain(struct domain *domain)
{
    for (u32 i = 0; i < domain->vcpu_count; i++) {
        struct cpu *cpu = atomic_load(&domain->vcpu[i]->loaded);

        if (cpu)
            cpu_kick(cpu);
    }
}

static bool wake_due(const struct vcpu *vcpu)
{
    return event_upcall_due(vcpu) || (vcpu->nmi_pending && !vcpu->nmi_masked);
}

static void sleep(struct vcpu *vcpu, enum vcpu_state state)
{
    struct cpu *cpu = vcpu->home;

    lock_take(&cpu->run_lock);
    if (atomic_load(&vcpu->state) != VCPU_DOWN)
        atomic_store(&vcpu->state, state);
    cpu->work = true;
    lock_release(&cpu->run_lock);
}

/* Each sleeps first and looks then, so that whoever raises an event in between wakes it. */
void sched_block(struct vcpu *vcpu)
{
    sleep(vcpu, VCPU_BLOCKED);
    if (wake_due(vcpu))
        sched_wake(vcpu);
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
    vcpu->yielded = true;
    vcpu->home->work = true;
}

/* True when the CPU stays with `old`; its slice begins when somebody waits. */
static bool keeps(struct cpu *cpu, struct vcpu *old, u64 now)
{
    struct vcpu *head = cpu->run_head;

    if (!runnable(old))
        return false;
    if (!head) {
        old->slice_end = 0;
        return true;
    }
    if (old->yielded || head->boosted || (old->slice_end && now >= old->slice_end))
        return false;
    if (!old->slice_end)
        old->slice_end = now + SCHED_SLICE_NS;
    return true;
}

/* `old` leaves the CPU: back into the queue, or asleep. */
static void put_back(struct cpu *cpu, struct vcpu *old, u64 now)
{
    bool stays = runnable(old);
    u64 left = SCHED_SLICE_NS;

    if (old->slice_end)
        left = old->slice_end > now ? old->slice_end - now : 0;
    if (stays && old->yielded)
        left = 0;
    old->slice_left = left;
    old->boosted = false;
    if (stays) {
        queue_put(cpu, old, left >= BOOST_LEAST_NS);
        sched_runstate(old, RUNSTATE_runnable);
    } else if (atomic_load(&old->state) != VCPU_DOWN) {
        sched_runstate(old, RUNSTATE_blocked);
    }
}

static struct vcpu *take_next(struct cpu *cpu, u64 now)
{
    struct vcpu *next = cpu->run_head;

    if (!next)
        return NULL;
    queue_remove(cpu, next);
    next->boosted = false;
    u64 slice = next->slice_left >= BOOST_LEAST_NS ? next->slice_left : SCHED_SLICE_NS;
    next->slice_end = cpu->run_head ? now + slice : 0;
    sched_runstate(next, RUNSTATE_running);
    return next;
}

struct vcpu *sched_choose(void)
{
    struct cpu *cpu = this_cpu();
    u64 now = clock_now();

    lock_take(&cpu->run_lock);
    struct vcpu *old = cpu->chosen, *next = old;
    queue_clean(cpu);
    if (!old || !keeps(cpu, old, now)) {
        if (old)
            put_back(cpu, old, now);
        next = take_next(cpu, now);
    }
    if (old)
        old->yielded = false;
    cpu->chosen = next;
    if (next)
        atomic_store(&next->loaded, cpu);
    lock_release(&cpu->run_lock);

    if (old && old != next && cpu->current == old && alive(old))
        sched_refresh_areas(old);
    return next;
}
