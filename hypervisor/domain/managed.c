/* SPDX-License-Identifier: MIT */
/* Managed domains: pause, shutdown, resumption and end. */
#include "hypervisor/domain/managed.h"
#include "hypervisor/domain/claim.h"
#include "hypervisor/domain/domain.h"
#include "hypervisor/domain/report.h"
#include "hypervisor/log/log.h"
#include "hypervisor/memory/frames.h"
#include "hypervisor/sched/sched.h"
#include "hypervisor/xen.h"

/* Adds `hold` to the domain's holds, and stops its vCPUs. */
static void hold(struct domain *domain, enum domain_hold hold)
{
    atomic_fetch_or(&domain->holds, hold);
    if (!domain_has_ended(domain)) {
        sched_hold(domain);
    }
}

/* Removes `hold` from the domain's holds; if there is none left, its vCPUs run. */
static void release(struct domain *domain, enum domain_hold hold)
{
    if ((atomic_fetch_and(&domain->holds, ~(u32)hold) & ~(u32)hold) == 0) {
        sched_release(domain);
    }
}

s64 domain_pause(struct domain *domain)
{
    s64 result = 0;

    lock_take(&domain->lock);
    if (domain->toolstack.pauses == DOMAIN_PAUSES_MAX) {
        result = -XEN_EBUSY;
    } else if (++domain->toolstack.pauses == 1) {
        hold(domain, DOMAIN_HELD_PAUSED);
    }
    lock_release(&domain->lock);
    return result;
}

s64 domain_unpause(struct domain *domain)
{
    s64 result = 0;

    lock_take(&domain->lock);
    if (domain->toolstack.pauses == 0) {
        result = -XEN_EINVAL;
    } else if (--domain->toolstack.pauses == 0) {
        release(domain, DOMAIN_HELD_PAUSED);
    }
    lock_release(&domain->lock);
    return result;
}

void domain_inspect(struct domain *domain)
{
    lock_take(&domain->lock);
    hold(domain, DOMAIN_HELD_INSPECTED);
    lock_release(&domain->lock);
}

void domain_inspect_end(struct domain *domain)
{
    if (!(atomic_load(&domain->holds) & DOMAIN_HELD_INSPECTED)) {
        return;
    }
    lock_take(&domain->lock);
    release(domain, DOMAIN_HELD_INSPECTED);
    lock_release(&domain->lock);
}

bool domain_is_stopped(const struct domain *domain)
{
    if (domain_has_ended(domain)) {
        return domain_is_torn_down(domain);
    }
    for (u32 i = 0; i < domain->vcpu_count; i++) {
        if (atomic_load(&domain->vcpu[i]->loaded)) {
            return false;
        }
    }
    return true;
}

void domain_vcpu_left(struct domain *domain)
{
    struct toolstack *tools = &domain->toolstack;

    if (!(atomic_load(&domain->holds) & DOMAIN_HELD_SHUT_DOWN) || domain_has_ended(domain) ||
        !domain_is_stopped(domain) || atomic_exchange(&tools->raised, true)) {
        return;
    }
    if (domain->crashed) {
        report_crash(domain);
        domain->crashed = NULL;
    }
    event_virq_machine(VIRQ_DOM_EXC);
}

void domain_stop(struct domain *domain, u32 reason)
{
    static const char *const how[] = {[SHUTDOWN_poweroff] = "powered off",
                                      [SHUTDOWN_reboot] = "rebooted",
                                      [SHUTDOWN_suspend] = "suspended"};
    bool crash = reason >= ARRAY_LENGTH(how);

    lock_take(&domain->lock);
    bool first = !(domain->holds & DOMAIN_HELD_SHUT_DOWN) && !domain_has_ended(domain);
    if (first) {
        atomic_store(&domain->toolstack.reason, reason);
        hold(domain, DOMAIN_HELD_SHUT_DOWN | (crash ? DOMAIN_HELD_CRASHED : 0));
    }
    lock_release(&domain->lock);
    if (first) {
        log_line("%s: %s", domain->name, crash ? "crashed" : how[reason]);
        domain_vcpu_left(domain);
    }
}

void domain_resume(struct domain *domain)
{
    lock_take(&domain->lock);
    if ((domain->holds & (DOMAIN_HELD_SHUT_DOWN | DOMAIN_HELD_CRASHED | DOMAIN_HELD_ENDED)) ==
        DOMAIN_HELD_SHUT_DOWN) {
        atomic_store(&domain->toolstack.reason, DOMAIN_NO_REASON);
        atomic_store(&domain->shutdown_code, DOMAIN_NO_CODE);
        atomic_store(&domain->toolstack.raised, false);
        release(domain, DOMAIN_HELD_SHUT_DOWN);
    }
    lock_release(&domain->lock);
}

void domain_kill(struct domain *domain)
{
    domain_shutdown(domain, DOMAIN_DESTROYED);
}

void domain_discard(struct domain *domain)
{
    atomic_store(&domain->toolstack.answered, true);
    domain_kill(domain);
}

void toolstack_drop(struct domain *domain)
{
    claim_set(domain, 0);
    lock_take(&domain->lock);
    struct domain_map *map = domain->toolstack.map;
    domain->toolstack.map = NULL;
    lock_release(&domain->lock);
    if (map) {
        page_free(map, 0);
    }
}

/* True when nothing refers to the torn-down domain any more. When the machine ends, the toolstack
 * is gone too. */
static bool may_collect(const struct domain *domain)
{
    return (atomic_load(&domain->toolstack.answered) || domains_all_gone()) &&
           vmmu_domain_is_gone(&domain->mmu) && !domain->grants.users;
}

void domain_collect(struct domain *domain)
{
    struct toolstack *tools = &domain->toolstack;
    u32 place = domain->place;

    if (!lock_try(&domain->teardown_lock)) {
        return;
    }
    if (!tools->dead_raised) {
        tools->dead_raised = true;
        event_virq_machine(VIRQ_DOM_EXC);
    }
    if (!may_collect(domain)) {
        lock_release(&domain->teardown_lock);
        return;
    }
    domain_destroy(domain); /* the lock goes with it */
    domain_table_release(place);
    event_virq_machine(VIRQ_DOM_EXC);
}
