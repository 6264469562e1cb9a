/* SPDX-License-Identifier: MIT */
/* domctl: vCPUs of a domain. */
#include "hypervisor/call/domctl/domctl.h"
#include "hypervisor/call/vcpu_context.h"
#include "hypervisor/cpu/cpu.h"
#include "hypervisor/domain/domain.h"
#include "hypervisor/memory/guest_copy.h"
#include "hypervisor/sched/sched.h"
#include "lib/index.h"

struct vcpu *domctl_vcpu(const struct domain *domain, u32 id)
{
    if (id >= domain->vcpu_count || id >= DOMAIN_VCPUS_MAX) {
        return NULL;
    }
    return domain->vcpu[index_masked(id, DOMAIN_VCPUS_MAX)];
}

/* Gives a vCPU its first state, or, if it has one, new registers, from the context in the caller's
 * memory; with VGCF_online it is up afterwards. EINVAL: a bad context, or the target is the
 * caller's domain. */
s64 domctl_setvcpucontext(struct domctl *d)
{
    struct vcpu *vcpu = domctl_vcpu(d->target, d->op.u.vcpucontext.vcpu);

    if (d->target == d->vcpu->domain) {
        return -XEN_EINVAL;
    }
    if (!vcpu) {
        return -XEN_ESRCH;
    }
    if (vcpu->initialised && !domctl_target_stops(d)) {
        return 0;
    }
    return vcpu_set_context(vcpu, d->call, (u64)d->op.u.vcpucontext.ctxt.p);
}

s64 domctl_getvcpuinfo(struct domctl *d)
{
    struct xen_domctl_getvcpuinfo *info = &d->op.u.getvcpuinfo;
    struct vcpu *vcpu = domctl_vcpu(d->target, info->vcpu);
    struct vcpu_runstate_info runstate;

    if (!vcpu) {
        return -XEN_ESRCH;
    }
    u32 state = atomic_load(&vcpu->state);
    const struct cpu *home = atomic_load(&vcpu->queue.home);
    sched_read_runstate(vcpu, &runstate);
    info->online = state != VCPU_DOWN;
    info->blocked = state == VCPU_BLOCKED || state == VCPU_POLLING;
    info->running = runstate.state == RUNSTATE_running; /* `loaded`: also while it is parked */
    info->cpu_time = runstate.time[RUNSTATE_running];
    info->cpu = home ? home->number : 0;
    d->answers = true;
    return 0;
}

s64 domctl_sendtrigger(struct domctl *d)
{
    struct vcpu *vcpu = domctl_vcpu(d->target, d->op.u.sendtrigger.vcpu);

    if (!vcpu) {
        return -XEN_ESRCH;
    }
    if (d->op.u.sendtrigger.trigger != XEN_DOMCTL_SENDTRIGGER_NMI) {
        return -XEN_ENOSYS;
    }
    vcpu->nmi_pending = true;
    sched_wake(vcpu);
    return 0;
}

static u64 online_cpus(void)
{
    u64 online = 0;

    for (u32 i = 0; i < cpu_count(); i++) {
        online |= (u64)(cpu_at(i) != NULL) << i;
    }
    return online;
}

/* Sets the CPUs that may run the vCPU (hard), and those that it prefers (soft), and returns the
 * effective ones. EINVAL: neither is asked for, or no online CPU is in the set. */
s64 domctl_setvcpuaffinity(struct domctl *d)
{
    const struct xen_domctl_vcpuaffinity *ask = &d->op.u.vcpuaffinity;
    struct vcpu *vcpu = domctl_vcpu(d->target, ask->vcpu);
    u64 online = online_cpus(), hard = 0, soft = 0;
    bool sets_hard = ask->flags & XEN_VCPUAFFINITY_HARD,
         sets_soft = ask->flags & XEN_VCPUAFFINITY_SOFT;

    if (!vcpu) {
        return -XEN_ESRCH;
    }
    if (!sets_hard && !sets_soft) {
        return -XEN_EINVAL;
    }
    if ((sets_hard && !bitmap_read(&ask->cpumap_hard, &hard)) ||
        (sets_soft && !bitmap_read(&ask->cpumap_soft, &soft))) {
        return -XEN_EFAULT;
    }
    if ((sets_hard && !(hard & online)) || (sets_soft && !(soft & online))) {
        return -XEN_EINVAL;
    }
    hard = sets_hard ? hard : vcpu->hard_affinity;
    soft = sets_soft ? soft : vcpu->soft_affinity;
    if ((sets_hard && !bitmap_write(&ask->cpumap_hard, hard & online)) ||
        (sets_soft && !bitmap_write(&ask->cpumap_soft, soft & hard & online))) {
        return -XEN_EFAULT;
    }
    vcpu->soft_affinity = soft;
    if (sets_hard) {
        vcpu->hard_affinity = hard;
        sched_set_cpus(vcpu, hard & online);
    }
    return 0;
}

s64 domctl_getvcpuaffinity(struct domctl *d)
{
    const struct xen_domctl_vcpuaffinity *ask = &d->op.u.vcpuaffinity;
    struct vcpu *vcpu = domctl_vcpu(d->target, ask->vcpu);
    bool hard = ask->flags & XEN_VCPUAFFINITY_HARD, soft = ask->flags & XEN_VCPUAFFINITY_SOFT;

    if (!vcpu) {
        return -XEN_ESRCH;
    }
    if (!hard && !soft) {
        return -XEN_EINVAL;
    }
    return (!hard || bitmap_write(&ask->cpumap_hard, vcpu->hard_affinity)) &&
                   (!soft || bitmap_write(&ask->cpumap_soft, vcpu->soft_affinity))
               ? 0
               : -XEN_EFAULT;
}
