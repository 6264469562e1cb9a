/* SPDX-License-Identifier: MIT */
/* Timers of one CPU: each fires once at a system time. */
#include "hypervisor/cpu/apic.h"
#include "hypervisor/cpu/asm.h"
#include "hypervisor/cpu/cpu.h"
#include "hypervisor/domain/vcpu.h"
#include "hypervisor/event/channel.h"
#include "hypervisor/sched/sched.h"
#include "hypervisor/time/clock.h"
#include "hypervisor/time/timer.h"

static void unlink(struct timers *timers, struct timer *timer)
{
    struct timer **link = &timers->first;

    while (*link && *link != timer)
        link = &(*link)->next;
    if (*link)
        *link = timer->next;
    timer->next = NULL;
    timer->armed = false;
}

static void insert(struct timers *timers, struct timer *timer, u64 deadline)
{
    struct timer **link = &timers->first;

    while (*link && (*link)->deadline <= deadline)
        link = &(*link)->next;
    timer->deadline = deadline;
    timer->armed = true;
    timer->next = *link;
    *link = timer;
}

void timer_set(struct timer *timer, u64 deadline)
{
    struct cpu *cpu = this_cpu();

    if (timer->armed)
        unlink(&cpu->timers, timer);
    insert(&cpu->timers, timer, deadline);
    if (cpu->timers.first == timer)
        cpu->work = true;
}

void timer_stop(struct timer *timer)
{
    if (timer->armed)
        unlink(&this_cpu()->timers, timer);
}

/* The next whole period after `now`: periods that were missed are not made up for. */
static u64 next_period(u64 deadline, u64 period, u64 now)
{
    return deadline + ((now - deadline) / period + 1) * period;
}

static void fire(struct timers *timers, struct timer *timer, u64 now)
{
    struct vcpu *vcpu = timer->vcpu;

    switch (timer->kind) {
    case TIMER_SINGLESHOT:
        event_virq(vcpu, VIRQ_TIMER);
        break;
    case TIMER_PERIODIC:
        event_virq(vcpu, VIRQ_TIMER);
        if (vcpu->period)
            insert(timers, timer, next_period(timer->deadline, vcpu->period, now));
        break;
    case TIMER_POLL:
        if (atomic_load(&vcpu->state) == VCPU_POLLING)
            sched_wake(vcpu);
        break;
    }
}

/* Ends: a timer fires at most once, since what is armed again lies after `now`. */
static void fire_due(struct timers *timers, u64 now)
{
    while (timers->first && timers->first->deadline <= now) {
        struct timer *timer = timers->first;

        unlink(timers, timer);
        fire(timers, timer, now);
    }
}

static void program(struct timers *timers, u64 deadline, u64 now)
{
    u64 wait = deadline > now ? deadline - now : 0;

    if (deadline == timers->programmed)
        return;
    timers->programmed = deadline;
    if (apic_timer_has_deadline())
        apic_timer_deadline(deadline ? read_tsc() + clock_tsc_ticks(wait) : 0);
    else
        apic_timer_set(deadline ? clock_apic_ticks(wait) : 0);
}

void timers_run(u64 slice_end)
{
    struct timers *timers = &this_cpu()->timers;
    u64 now = clock_now();

    fire_due(timers, now);
    u64 deadline = timers->first ? timers->first->deadline : 0;
    if (slice_end && (!deadline || slice_end < deadline))
        deadline = slice_end;
    program(timers, deadline, now);
}
