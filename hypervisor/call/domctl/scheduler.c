/* SPDX-License-Identifier: MIT */
/* domctl: a domain's share of the CPUs, shown as credit2's. */
#include "hypervisor/call/domctl/domctl.h"
#include "hypervisor/domain/domain.h"
#include "hypervisor/sched/sched.h"

s64 domctl_scheduler_op(struct domctl *d)
{
    struct xen_domctl_scheduler_op *ask = &d->op.u.scheduler_op;
    const struct share *share = &d->target->share;

    if (ask->sched_id != XEN_SCHEDULER_CREDIT2) {
        return -XEN_EINVAL;
    }
    switch (ask->cmd) {
    case XEN_DOMCTL_SCHEDOP_getinfo:
        ask->u.credit2.weight = (u16)share->weight;
        ask->u.credit2.cap = (u16)share->cap;
        d->answers = true;
        return 0;
    case XEN_DOMCTL_SCHEDOP_putinfo: /* weight 0: leave it as it is */
        sched_set_share(d->target, ask->u.credit2.weight ? ask->u.credit2.weight : share->weight,
                        ask->u.credit2.cap);
        return 0;
    default: /* putvcpuinfo, getvcpuinfo: vCPUs have no shares of their own */
        return -XEN_EINVAL;
    }
}
