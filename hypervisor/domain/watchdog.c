/* SPDX-License-Identifier: MIT */
/* Watchdogs of domains. */
#include "hypervisor/domain/watchdog.h"
#include "hypervisor/cpu/cpu.h"
#include "hypervisor/domain/domain.h"
#include "hypervisor/log/log.h"
#include "hypervisor/time/clock.h"
#include "hypervisor/time/timer.h"

#define SECOND 1000000000ull

static void start(struct vcpu *vcpu, struct timer *timer, u32 seconds)
{
    timer->kind = TIMER_WATCHDOG;
    timer->vcpu = vcpu;
    timer_set(timer, clock_now() + seconds * SECOND);
}

static s64 set_locked(struct vcpu *vcpu, struct watchdogs *dogs, u32 id, u32 seconds)
{
    if (!id) {
        const u32 number = (u32)__builtin_ctz(~dogs->used);

        if (!seconds) {
            return -XEN_EINVAL;
        }
        if (number >= WATCHDOGS) {
            return -XEN_ENOSPC;
        }
        dogs->used |= 1u << number;
        start(vcpu, &dogs->timer[number], seconds);
        return number + 1;
    }
    if (id > WATCHDOGS || !(dogs->used >> (id - 1) & 1)) {
        return -XEN_EINVAL;
    }
    if (seconds) {
        start(vcpu, &dogs->timer[id - 1], seconds);
    } else {
        dogs->used &= ~(1u << (id - 1));
        timer_stop(&dogs->timer[id - 1]);
    }
    return 0;
}

s64 watchdog_set(struct vcpu *vcpu, u32 id, u32 seconds)
{
    struct domain *domain = vcpu->domain;

    lock_take(&domain->lock);
    s64 result = set_locked(vcpu, &domain->watchdogs, id, seconds);
    lock_release(&domain->lock);
    return result;
}

void watchdog_expired(struct domain *domain)
{
    if (!atomic_exchange(&domain->watchdogs.expired, true)) {
        domains_ending_add();
    }
    this_cpu()->work = true;
}

void watchdog_serve(struct domain *domain)
{
    if (!atomic_exchange(&domain->watchdogs.expired, false)) {
        return;
    }
    domains_ending_drop();
    if (domain_has_ended(domain)) {
        return;
    }
    log_line("%s: its watchdog has expired", domain->name);
    if (domain->managed) {
        const u32 fixed = atomic_load(&domain->shutdown_code);

        domain_stop(domain, fixed == DOMAIN_NO_CODE ? SHUTDOWN_watchdog : fixed);
    } else {
        domain_shutdown(domain, domain->privileged ? DOMAIN_REBOOTED : DOMAIN_CRASHED);
    }
}

void watchdogs_stop(struct domain *domain)
{
    for (u32 i = 0; i < WATCHDOGS; i++) {
        timer_stop(&domain->watchdogs.timer[i]);
    }
}
