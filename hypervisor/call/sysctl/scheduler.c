/* SPDX-License-Identifier: MIT */
/* sysctl: the scheduler, shown as credit2, and the pool of all CPUs. */
#include "hypervisor/call/domctl/domctl.h"
#include "hypervisor/call/sysctl/sysctl.h"
#include "hypervisor/cpu/cpu.h"
#include "hypervisor/domain/domain.h"
#include "hypervisor/sched/sched.h"

#define NS_A_US 1000u

s64 sysctl_sched_id(struct sysctl *s)
{
    s->op.u.sched_id.sched_id = XEN_SCHEDULER_CREDIT2;
    s->answers = true;
    return 0;
}

s64 sysctl_scheduler_op(struct sysctl *s)
{
    struct xen_sysctl_scheduler_op *ask = &s->op.u.scheduler_op;
    u32 limit = ask->u.sched_credit2.ratelimit_us;

    if (ask->cpupool_id) {
        return -XEN_ESRCH;
    }
    if (ask->sched_id != XEN_SCHEDULER_CREDIT2) {
        return -XEN_EINVAL;
    }
    switch (ask->cmd) {
    case XEN_SYSCTL_SCHEDOP_getinfo:
        ask->u.sched_credit2.ratelimit_us = (u32)(share_preempts_ns() / NS_A_US);
        s->answers = true;
        return 0;
    case XEN_SYSCTL_SCHEDOP_putinfo:
        if (limit &&
            (limit < XEN_SYSCTL_SCHED_RATELIMIT_MIN || limit > XEN_SYSCTL_SCHED_RATELIMIT_MAX)) {
            return -XEN_EINVAL;
        }
        sched_set_preempts((u64)limit * NS_A_US);
        return 0;
    default:
        return -XEN_EINVAL;
    }
}

static u64 all_cpus(void)
{
    return cpu_count() < 64 ? (1ull << cpu_count()) - 1 : ~0ull;
}

static u32 count_domains(void)
{
    u32 count = 0;

    for (u32 i = 0; i < domain_count(); i++) {
        count += domain_at(i) != NULL;
    }
    return count;
}

static s64 pool_info(struct sysctl *s)
{
    struct xen_sysctl_cpupool_op *ask = &s->op.u.cpupool_op;

    if (ask->cpupool_id) { /* asked for this pool, or for the next one from it on */
        return -XEN_ENOENT;
    }
    if (!bitmap_write(&ask->cpumap, all_cpus())) {
        return -XEN_EFAULT;
    }
    ask->sched_id = XEN_SCHEDULER_CREDIT2;
    ask->n_dom = count_domains();
    s->answers = true;
    return 0;
}

s64 sysctl_cpupool_op(struct sysctl *s)
{
    const struct xen_sysctl_cpupool_op *ask = &s->op.u.cpupool_op;

    switch (ask->op) {
    case XEN_SYSCTL_CPUPOOL_OP_INFO:
        return pool_info(s);
    case XEN_SYSCTL_CPUPOOL_OP_FREEINFO: /* no CPU is in no pool */
        return bitmap_write(&ask->cpumap, 0) ? 0 : -XEN_EFAULT;
    case XEN_SYSCTL_CPUPOOL_OP_CREATE:
        return -XEN_EOPNOTSUPP;
    case XEN_SYSCTL_CPUPOOL_OP_DESTROY:
        return ask->cpupool_id ? -XEN_ENOENT : -XEN_EBUSY;
    case XEN_SYSCTL_CPUPOOL_OP_ADDCPU:
        return ask->cpupool_id ? -XEN_ENOENT : -XEN_ENODEV;
    case XEN_SYSCTL_CPUPOOL_OP_RMCPU:
        return ask->cpupool_id ? -XEN_ENOENT : -XEN_EBUSY;
    case XEN_SYSCTL_CPUPOOL_OP_MOVEDOMAIN:
        if (ask->cpupool_id) {
            return -XEN_ENOENT;
        }
        return ask->domid < DOMID_FIRST_RESERVED && domain_by_id((u16)ask->domid) ? 0 : -XEN_ESRCH;
    default:
        return -XEN_ENOSYS;
    }
}
