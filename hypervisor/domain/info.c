/* SPDX-License-Identifier: MIT */
/* What a toolstack is shown of a domain: memory, vCPUs, state. */
#include "hypervisor/domain/info.h"
#include "hypervisor/domain/claim.h"
#include "hypervisor/domain/domain.h"
#include "hypervisor/sched/sched.h"
#include "lib/string.h"

/* The flags about the vCPUs of a domain that has not ended, and their numbers and times. */
static void vcpus_info(struct domain *domain, struct xen_domctl_getdomaininfo *info)
{
    bool blocked = true, running = false;
    struct vcpu_runstate_info runstate;

    if (domain->vcpu_count) {
        info->max_vcpu_id = domain->vcpu_count - 1;
    }
    for (u32 i = 0; i < domain->vcpu_count; i++) {
        struct vcpu *vcpu = domain->vcpu[i];
        u32 state = atomic_load(&vcpu->state);

        sched_read_runstate(vcpu, &runstate);
        info->cpu_time += runstate.time[RUNSTATE_running];
        if (state == VCPU_DOWN) {
            continue;
        }
        info->nr_online_vcpus++;
        blocked &= state != VCPU_RUNNABLE;
        running |= runstate.state == RUNSTATE_running; /* `loaded`: also while it is parked */
    }
    if (info->nr_online_vcpus) {
        info->flags |= (blocked ? XEN_DOMINF_blocked : 0) | (running ? XEN_DOMINF_running : 0);
    }
}

/* What takes the place of the reason in the flags of a domain that is not shut down. */
#define NOT_SHUT_DOWN (~0u << XEN_DOMINF_shutdownshift)

/* The flags about the domain's end. A domain counts as dying from when it is torn down until it
 * is freed. */
static u32 life_flags(const struct domain *domain)
{
    u32 holds = atomic_load(&domain->holds), flags = 0;

    if (domain_is_torn_down(domain)) {
        flags |= XEN_DOMINF_dying;
    }
    if (domain->toolstack.pauses) {
        flags |= XEN_DOMINF_paused;
    }
    if (holds & DOMAIN_HELD_SHUT_DOWN && domain_is_stopped(domain)) {
        flags |=
            XEN_DOMINF_shutdown | (atomic_load(&domain->toolstack.reason) & XEN_DOMINF_shutdownmask)
                                      << XEN_DOMINF_shutdownshift;
    } else {
        flags |= NOT_SHUT_DOWN;
    }
    return flags;
}

void domain_info(struct domain *domain, struct xen_domctl_getdomaininfo *info)
{
    memset(info, 0, sizeof *info);
    info->domain = domain->id;
    info->max_vcpu_id = XEN_INVALID_MAX_VCPU_ID;
    if (!domain_has_ended(domain)) {
        vcpus_info(domain, info);
    } else {
        info->cpu_time = domain->toolstack.cpu_time;
    }
    info->flags |= life_flags(domain);
    info->tot_pages = domain->mmu.frames;
    info->max_pages = domain->mmu.frames_max;
    info->outstanding_pages = claim_of(domain);
    info->shared_info_frame = domain->shared_frame.n;
    info->ssidref = domain->toolstack.ssidref;
    memcpy(info->handle, domain->toolstack.handle, sizeof info->handle);
}

void domain_counters(const struct domain *domain, struct vmmu_counters *sum)
{
    if (domain_has_ended(domain)) { /* vmmu_vcpu_stop adds up the rest, and then the vCPUs go */
        vmmu_counters_read(&domain->mmu, sum);
    } else { /* if it ends meanwhile, its vCPUs stay until this CPU is in its run loop: stop_users
                in teardown.c; and the caller's own domain until the caller's vCPU has stopped */
        domain_counters_at_end(domain, sum);
    }
}

void domain_counters_at_end(const struct domain *domain, struct vmmu_counters *sum)
{
    vmmu_counters_read(&domain->mmu, sum);
    for (u32 i = 0; i < domain->vcpu_count; i++) {
        const struct vcpu *vcpu = domain->vcpu[i];

        if (vcpu) {
            vmmu_counters_add(&vcpu->mmu, sum);
        }
    }
}
