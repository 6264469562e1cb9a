/* SPDX-License-Identifier: MIT */
/* sysctl: the dispatcher. */
#include "hypervisor/call/sysctl/sysctl.h"
#include "hypervisor/domain/domain.h"
#include "hypervisor/domain/rights.h"
#include "hypervisor/log/log.h"
#include "hypervisor/memory/guest_copy.h"

/* Operations that are known and refused, with the error on which the tools go on: there is nothing
 * of the kind here, or it is not for a running machine. */
static s64 refuse(u32 command)
{
    switch (command) {
    case XEN_SYSCTL_get_pmstat:
    case XEN_SYSCTL_pm_op:
    case XEN_SYSCTL_psr_cmt_op:
    case XEN_SYSCTL_psr_alloc:
        return -XEN_ENODEV;
    case XEN_SYSCTL_tbuf_op:
    case XEN_SYSCTL_cpu_hotplug:
    case XEN_SYSCTL_page_offline_op:
    case XEN_SYSCTL_coverage_op:
    case XEN_SYSCTL_livepatch_op:
        return -XEN_EOPNOTSUPP;
    case XEN_SYSCTL_perfc_op:
    case XEN_SYSCTL_lockprof_op:
    default:
        return -XEN_ENOSYS;
    }
}

static s64 serve(struct sysctl *s)
{
    switch (s->op.cmd) {
    case XEN_SYSCTL_readconsole:
        return sysctl_readconsole(s);
    case XEN_SYSCTL_physinfo:
        return sysctl_physinfo(s);
    case XEN_SYSCTL_sched_id:
        return sysctl_sched_id(s);
    case XEN_SYSCTL_getdomaininfolist:
        return sysctl_getdomaininfolist(s);
    case XEN_SYSCTL_debug_keys:
        return sysctl_debug_keys(s);
    case XEN_SYSCTL_getcpuinfo:
        return sysctl_getcpuinfo(s);
    case XEN_SYSCTL_availheap:
        return sysctl_availheap(s);
    case XEN_SYSCTL_cputopoinfo:
        return sysctl_cputopoinfo(s);
    case XEN_SYSCTL_numainfo:
        return sysctl_numainfo(s);
    case XEN_SYSCTL_cpupool_op:
        return sysctl_cpupool_op(s);
    case XEN_SYSCTL_scheduler_op:
        return sysctl_scheduler_op(s);
    case XEN_SYSCTL_pcitopoinfo:
        return sysctl_pcitopoinfo(s);
    case XEN_SYSCTL_get_cpu_levelling_caps:
        return sysctl_get_cpu_levelling_caps(s);
    case XEN_SYSCTL_get_cpu_featureset:
        return sysctl_get_cpu_featureset(s);
    case XEN_SYSCTL_get_cpu_policy:
        return sysctl_get_cpu_policy(s);
    default:
        return refuse(s->op.cmd);
    }
}

s64 call_sysctl(struct vcpu *vcpu, struct call *call)
{
    u64 at = call->argument[0];
    struct sysctl s = {.vcpu = vcpu};

    if (!GET_GUEST(&s.op, at)) {
        return -XEN_EFAULT;
    }
    if (s.op.interface_version != XEN_SYSCTL_INTERFACE_VERSION) {
        return -XEN_EACCES;
    }
    if (!rights_machine(vcpu->domain)) {
        return -XEN_EPERM;
    }
    s64 result = serve(&s);
    if (s.answers && !PUT_GUEST(at, &s.op)) {
        return -XEN_EFAULT;
    }
    if (s.clears) {
        log_clear(s.clears_to);
    }
    return result;
}
