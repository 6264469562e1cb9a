/* SPDX-License-Identifier: MIT */
/* domctl: the dispatcher. */
#include "hypervisor/call/domctl/domctl.h"
#include "hypervisor/call/domctl/form.h"
#include "hypervisor/domain/domain.h"
#include "hypervisor/domain/rights.h"
#include "hypervisor/memory/guest_copy.h"

/* The operations that a domain which has ended may be the target of. */
static bool takes_ended(u32 command)
{
    switch (command) {
    case XEN_DOMCTL_destroydomain:
    case XEN_DOMCTL_pausedomain:
    case XEN_DOMCTL_unpausedomain:
    case XEN_DOMCTL_getdomaininfo:
        return true;
    }
    return false;
}

/* The error for an operation that is not served. Tools of 4.20 go on without coloured caches. */
static s64 not_served(const struct xen_domctl *op)
{
    return op->interface_version == DOMCTL_VERSION_4_20 && op->cmd == DOMCTL_SET_LLC_COLORS
               ? -XEN_EOPNOTSUPP
               : -XEN_ENOSYS;
}

/* Serves an operation that saves or restores a domain. */
static s64 serve_state(struct domctl *d)
{
    switch (d->op.cmd) {
    case XEN_DOMCTL_getvcpucontext:
        return domctl_getvcpucontext(d);
    case XEN_DOMCTL_get_ext_vcpucontext:
        return domctl_get_ext_vcpucontext(d);
    case XEN_DOMCTL_set_ext_vcpucontext:
        return domctl_set_ext_vcpucontext(d);
    case XEN_DOMCTL_getvcpuextstate:
        return domctl_getvcpuextstate(d);
    case XEN_DOMCTL_setvcpuextstate:
        return domctl_setvcpuextstate(d);
    case XEN_DOMCTL_get_vcpu_msrs:
        return domctl_get_vcpu_msrs(d);
    case XEN_DOMCTL_set_vcpu_msrs:
        return domctl_set_vcpu_msrs(d);
    case XEN_DOMCTL_getpageframeinfo3:
        return domctl_getpageframeinfo3(d);
    default:
        return not_served(&d->op);
    }
}

/* Serves an operation on a domain. */
static s64 serve(struct domctl *d)
{
    switch (d->op.cmd) {
    case XEN_DOMCTL_max_vcpus:
        return domctl_max_vcpus(d);
    case XEN_DOMCTL_destroydomain:
        return domctl_destroydomain(d);
    case XEN_DOMCTL_pausedomain:
        return domctl_pausedomain(d);
    case XEN_DOMCTL_unpausedomain:
        return domctl_unpausedomain(d);
    case XEN_DOMCTL_resumedomain:
        return domctl_resumedomain(d);
    case XEN_DOMCTL_getdomaininfo:
        return domctl_getdomaininfo(d);
    case XEN_DOMCTL_max_mem:
        return domctl_max_mem(d);
    case XEN_DOMCTL_setdomainhandle:
        return domctl_setdomainhandle(d);
    case XEN_DOMCTL_set_address_size:
        return domctl_set_address_size(d);
    case XEN_DOMCTL_get_address_size:
        return domctl_get_address_size(d);
    case XEN_DOMCTL_settscinfo:
        return domctl_settscinfo(d);
    case XEN_DOMCTL_gettscinfo:
        return domctl_gettscinfo(d);
    case XEN_DOMCTL_settimeoffset:
        return domctl_settimeoffset(d);
    case XEN_DOMCTL_setnodeaffinity:
        return domctl_setnodeaffinity(d);
    case XEN_DOMCTL_getnodeaffinity:
        return domctl_getnodeaffinity(d);
    case XEN_DOMCTL_hypercall_init:
        return domctl_hypercall_init(d);
    case XEN_DOMCTL_shadow_op:
        return domctl_shadow_op(d);
    case XEN_DOMCTL_set_virq_handler:
        return domctl_set_virq_handler(d);
    case XEN_DOMCTL_scheduler_op:
        return domctl_scheduler_op(d);
    case XEN_DOMCTL_get_cpu_policy:
        return domctl_get_cpu_policy(d);
    case XEN_DOMCTL_set_cpu_policy:
        return domctl_set_cpu_policy(d);
    case XEN_DOMCTL_setvcpucontext:
        return domctl_setvcpucontext(d);
    case XEN_DOMCTL_sendtrigger:
        return domctl_sendtrigger(d);
    case XEN_DOMCTL_getvcpuinfo:
        return domctl_getvcpuinfo(d);
    case XEN_DOMCTL_setvcpuaffinity:
        return domctl_setvcpuaffinity(d);
    case XEN_DOMCTL_getvcpuaffinity:
        return domctl_getvcpuaffinity(d);
    }
    return serve_state(d);
}

/* Finds the target that op.domain names, or for getdomaininfo the next domain after it. NULL:
 * refused, with *error. */
static struct domain *find_target(struct domctl *d, s64 *error)
{
    u16 id = d->op.domain;
    struct domain *next = domain_from(id), *target;

    if (d->op.cmd == XEN_DOMCTL_getdomaininfo && next && id < DOMID_FIRST_RESERVED) {
        id = next->id;
    }
    target = rights_target(d->vcpu->domain, RIGHT_CONTROL, id, error);
    if (target && domain_has_ended(target) && !takes_ended(d->op.cmd)) {
        *error = -XEN_ESRCH;
        return NULL;
    }
    return target;
}

static s64 serve_target(struct domctl *d)
{
    s64 result = 0;

    d->target = find_target(d, &result);
    if (!d->target) {
        return result;
    }
    if (!lock_try(&d->target->toolstack.lock)) {
        d->call->again = true; /* another vCPU's domctl on the same domain is under way */
        return 0;
    }
    result = serve(d);
    if (!d->call->again) {
        domain_inspect_end(d->target);
    }
    lock_release(&d->target->toolstack.lock);
    return result;
}

bool domctl_put(const struct domctl *d)
{
    struct xen_domctl op = d->op;

    domctl_form_write(&op);
    return PUT_GUEST(d->call->argument[0], &op);
}

s64 call_domctl(struct vcpu *vcpu, struct call *call)
{
    u64 at = call->argument[0];
    struct domctl d = {.vcpu = vcpu, .call = call};
    s64 result;

    if (!GET_GUEST(&d.op, at)) {
        return -XEN_EFAULT;
    }
    if (!domctl_form_known(d.op.interface_version)) {
        return -XEN_EACCES;
    }
    if (!rights_machine(vcpu->domain)) {
        return -XEN_EPERM;
    }
    if (!domctl_form_read(&d.op)) {
        return -XEN_EINVAL;
    }
    if (d.op.cmd == XEN_DOMCTL_createdomain) {
        result = domctl_createdomain(&d);
    } else {
        result = serve_target(&d);
    }
    if (call->again || !d.answers || domctl_put(&d)) {
        return result;
    }
    if (d.op.cmd == XEN_DOMCTL_createdomain) {
        domain_discard(d.target); /* nobody knows its number */
    }
    return -XEN_EFAULT;
}
