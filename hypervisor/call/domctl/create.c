/* SPDX-License-Identifier: MIT */
/* domctl: making, describing and destroying a domain. */
#include "hypervisor/call/domctl/domctl.h"
#include "hypervisor/cpu/cpu.h"
#include "hypervisor/domain/domain.h"
#include "hypervisor/domain/info.h"
#include "hypervisor/log/log.h"
#include "hypervisor/memory/guest_copy.h"
#include "hypervisor/sched/sched.h"
#include "vmmu/port.h"

/* libxl sets it for a guest that it restores from a configuration without a word about it. Accesses
 * to registers that a guest does not have fault all the same. */
#define MISC_FLAGS_ACCEPTED XEN_X86_MSR_RELAXED

#define FLAGS_ACCEPTED (XEN_DOMCTL_CDF_oos_off | XEN_DOMCTL_CDF_xs_domain)

/* Says whether a PV domain can be made here from this configuration: no HVM, IOMMU, virtual PMU,
 * processor trace, or pool of CPUs other than the first. */
static bool config_ok(const struct xen_domctl_createdomain *config)
{
    u32 version = XEN_DOMCTL_GRANT_version(config->grant_opts);

    return !(config->flags & ~FLAGS_ACCEPTED) && !config->iommu_opts && config->max_vcpus &&
           config->max_vcpus <= DOMAIN_VCPUS_MAX &&
           grants_limits_ok(config->max_grant_frames, config->max_maptrack_frames, version) &&
           !(config->grant_opts & ~XEN_DOMCTL_GRANT_version_mask) && !config->vmtrace_size &&
           !config->cpupool_id && !config->arch.emulation_flags &&
           !(config->arch.misc_flags & ~MISC_FLAGS_ACCEPTED);
}

s64 domctl_createdomain(struct domctl *d)
{
    struct xen_domctl_createdomain *config = &d->op.u.createdomain;
    bool named = d->op.domain > 0 && d->op.domain < DOMID_FIRST_RESERVED;

    if (!config_ok(config)) {
        return -XEN_EINVAL;
    }
    if (!domctl_put(d)) { /* before anything is made */
        return -XEN_EFAULT;
    }
    u32 place = named ? domain_table_reserve_id(d->op.domain) : domain_table_reserve();
    if (place == DOMAIN_PLACE_NONE || place == DOMAIN_PLACE_TAKEN) {
        return place == DOMAIN_PLACE_TAKEN ? -XEN_EEXIST : -XEN_ENOMEM;
    }
    struct domain *domain =
        domain_create_managed(place, config->max_vcpus, config->handle, config->ssidref);
    if (!domain) {
        domain_table_release(place);
        return -XEN_ENOMEM;
    }
    grants_limit(domain, config->max_grant_frames, config->max_maptrack_frames,
                 XEN_DOMCTL_GRANT_version(config->grant_opts));
    events_limit(domain, config->max_evtchn_port);
    log_line("%s: created, %u vCPU(s)", domain->name, config->max_vcpus);
    d->target = domain;
    d->op.domain = domain->id;
    config->flags |= XEN_DOMCTL_CDF_oos_off; /* as the ABI reports it for every PV domain */
    d->answers = true;
    return 0;
}

s64 domctl_max_vcpus(struct domctl *d)
{
    struct domain *domain = d->target;
    u32 max = d->op.u.max_vcpus.max;

    if (!domain->managed || max != domain->toolstack.vcpus_max) {
        return -XEN_EINVAL;
    }
    while (domain->vcpu_count < max) {
        struct vcpu *vcpu = vcpu_create(domain, domain->vcpu_count);

        if (!vcpu) {
            return -XEN_ENOMEM;
        }
        sched_start_vcpu(vcpu, ~0ull);
        __atomic_store_n(&domain->vcpu[domain->vcpu_count], vcpu, __ATOMIC_RELEASE);
        __atomic_store_n(&domain->vcpu_count, domain->vcpu_count + 1, __ATOMIC_RELEASE);
        if (domain->vcpu_count < max && port_should_stop()) {
            d->call->again = true;
            return 0;
        }
    }
    sched_start_domain(domain, domain->share.weight, domain->share.cap);
    return 0;
}

s64 domctl_destroydomain(struct domctl *d)
{
    struct domain *domain = d->target;

    if (!domain->managed) {
        return -XEN_EINVAL;
    }
    domain_kill(domain);
    if (!domain_is_torn_down(domain)) {
        d->call->again = true;
        this_cpu()->work = true; /* the run loop tears it down */
        return 0;
    }
    atomic_store(&domain->toolstack.answered, true);
    this_cpu()->work = true;
    return 0;
}

s64 domctl_pausedomain(struct domctl *d)
{
    s64 result;

    if (d->target == d->vcpu->domain) {
        return -XEN_EINVAL;
    }
    result = domain_pause(d->target);
    if (!result && !domain_has_ended(d->target) && !domain_is_stopped(d->target)) {
        d->vcpu->awaits = d->target->id;
        this_cpu()->work = true;
    }
    return result;
}

s64 domctl_unpausedomain(struct domctl *d)
{
    return d->target == d->vcpu->domain ? -XEN_EINVAL : domain_unpause(d->target);
}

s64 domctl_resumedomain(struct domctl *d)
{
    if (d->target == d->vcpu->domain) {
        return -XEN_EINVAL;
    }
    domain_resume(d->target);
    return 0;
}

s64 domctl_getdomaininfo(struct domctl *d)
{
    d->op.domain = d->target->id;
    domain_info(d->target, &d->op.u.getdomaininfo);
    d->answers = true;
    return 0;
}
