/* SPDX-License-Identifier: MIT */
/* What a timer of a vCPU or of its domain does when it fires. */
#include "hypervisor/vcpu/vcpu_timer.h"
#include "hypervisor/domain/watchdog.h"
#include "hypervisor/event/channel.h"
#include "hypervisor/irq/isa.h"
#include "hypervisor/sched/sched.h"
#include "hypervisor/time/timer.h"
#include "hypervisor/vcpu/vcpu.h"

/* The end of the first whole period after `now`: a period that was missed is skipped. */
static u64 next_period(u64 deadline, u64 period, u64 now)
{
    return deadline + ((now - deadline) / period + 1) * period;
}

/* Serves a timer that fires rarely. */
static u64 serve_rare(const struct timer *timer, u64 now)
{
    if (timer->kind == TIMER_DEVICES) {
        return isa_poll(now);
    }
    watchdog_expired(timer->vcpu->domain);
    return 0;
}

u64 timer_fired(struct timer *timer, u64 now)
{
    struct vcpu *vcpu = timer->vcpu;
    u64 period = timer->kind == TIMER_PERIODIC ? vcpu->period : 0;

    if (timer->kind >= TIMER_WATCHDOG) {
        return serve_rare(timer, now);
    }
    if (timer->kind != TIMER_POLL) {
        event_virq(vcpu, VIRQ_TIMER);
    } else if (atomic_load(&vcpu->state) == VCPU_POLLING) {
        sched_wake(vcpu);
    }
    return period ? next_period(timer->deadline, period, now) : 0;
}
