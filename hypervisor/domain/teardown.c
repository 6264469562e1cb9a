/* SPDX-License-Identifier: MIT */
/* Tearing down an ended domain: all that it had is given back, except the frames that other domains
 * still map. */
#include "hypervisor/log/log.h"
#include "hypervisor/cpu/stop.h"
#include "hypervisor/domain/domain.h"
#include "hypervisor/domain/isolation.h"
#include "hypervisor/domain/report.h"
#include "hypervisor/memory/space.h"
#include "hypervisor/sched/sched.h"
#include "hypervisor/time/timer.h"

/* Takes all vCPUs of the domain down. True when none is loaded on any CPU. */
static bool all_stopped(struct domain *domain)
{
    bool stopped = true;

    for (u32 i = 0; i < domain->vcpu_count; i++) {
        struct vcpu *vcpu = domain->vcpu[i];

        if (vcpu) {
            sched_remove(vcpu);
            stopped &= sched_stopped(vcpu);
        }
    }
    return stopped;
}

static void stop_vcpu(struct vcpu *vcpu)
{
    timer_stop(&vcpu->singleshot);
    timer_stop(&vcpu->periodic);
    timer_stop(&vcpu->poll_timer);
    if (!mfn_is_none(vcpu->info_frame)) {
        vmmu_unhold(vcpu->info_frame);
        vcpu->info_frame = MFN_NONE;
    }
    vcpu->info = (struct vcpu_info *)&vcpu->domain->shared->vcpu_info[vcpu->id];
}

static void stop_console(struct domain *domain)
{
    if (mfn_is_none(domain->console.frame)) {
        return;
    }
    guest_console_drain(domain);
    lock_take(&domain->console.lock);
    domain->console.ring = NULL;
    lock_release(&domain->console.lock);
    vmmu_unhold(domain->console.frame);
    domain->console.frame = MFN_NONE;
}

/* Says the last about the domain, which from now on counts as ended for good unless its guest is
 * started again: what follows only gives its memory back. */
static void report_end(struct domain *domain)
{
    if (domain->reported) {
        return;
    }
    domain->reported = true;
    if (space_isolates && report_audits()) {
        report_isolation(); /* the last moment at which all roots of the domain exist */
    }
    report_costs(domain);
    if (!domain_restarts(domain)) {
        domain_gone(domain);
    }
}

static bool drop_tables(struct domain *domain)
{
    watchdogs_stop(domain);
    for (u32 i = 0; i < domain->vcpu_count; i++) {
        struct vcpu *vcpu = domain->vcpu[i];

        if (!vcpu) {
            continue;
        }
        stop_vcpu(vcpu);
        if (vmmu_vcpu_stop(&vcpu->mmu) == VMMU_AGAIN) {
            return false;
        }
    }
    return vmmu_domain_stop(&domain->mmu) != VMMU_AGAIN;
}

/* For a managed domain, waits until no CPU is in an operation on it that began before its end:
 * each CPU is in its run loop for a moment. Later operations find that it has ended. */
static void stop_users(struct domain *domain)
{
    struct toolstack *tools = &domain->toolstack;

    if (!domain->managed || tools->stopped_users) {
        return;
    }
    stop_others();
    tools->stopped_users = true;
    stop_end();
    tools->cpu_time = sched_domain_time(domain);
}

/* False: interrupted. */
static bool drop_rest(struct domain *domain)
{
    for (u32 i = 0; i < domain->vcpu_count; i++) {
        if (domain->vcpu[i]) {
            vcpu_destroy(domain->vcpu[i]);
        }
        domain->vcpu[i] = NULL;
    }
    isolation_stop(domain);
    if (!grants_stop(domain)) {
        return false;
    }
    lock_take(&domain->lock);
    domain->shared = NULL;
    lock_release(&domain->lock);
    vmmu_unshare(domain->shared_frame);
    toolstack_drop(domain);
    return true;
}

static void step(struct domain *domain)
{
    if (domain_is_torn_down(domain)) {
        return;
    }
    stop_users(domain);
    if (!all_stopped(domain)) {
        return;
    }
    if (domain->crashed) {
        report_crash(domain);
    }
    domain->crashed = NULL;
    if (!events_stop(domain)) { /* once this returns true, no event wakes a vCPU of the domain */
        return;
    }
    pirqs_stop(domain);
    stop_console(domain);
    report_end(domain);
    if (domains_all_gone() && !report_audits()) { /* nobody needs the memory: the machine ends */
        return;
    }
    if (!drop_tables(domain) || !drop_rest(domain)) {
        return;
    }
    if (domain->mmu.frames) {
        log_line("%s: %llu frames are still held elsewhere", domain->name,
                 (unsigned long long)domain->mmu.frames);
    }
    if (domain->end == DOMAIN_CRASHED) {
        report_audit();
    }
    atomic_store_explicit(&domain->torn_down, true, memory_order_release);
    sched_kick_idle(); /* its memory is to be cleaned */
}

void domain_teardown(struct domain *domain)
{
    if (!lock_try(&domain->teardown_lock)) {
        return;
    }
    step(domain);
    lock_release(&domain->teardown_lock);
}
