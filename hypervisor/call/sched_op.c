/* SPDX-License-Identifier: MIT */
/* sched_op: a vCPU gives up the CPU, or ends its domain. */
#include "hypervisor/call/call.h"
#include "hypervisor/memory/guest_copy.h"
#include "hypervisor/domain/domain.h"
#include "hypervisor/domain/rights.h"
#include "hypervisor/event/channel.h"
#include "hypervisor/sched/sched.h"

/* Unmasks upcalls and blocks the vCPU, as STI and HLT do on a processor. */
static s64 block(struct vcpu *vcpu)
{
    __atomic_store_n(&vcpu->info->evtchn_upcall_mask, 0, __ATOMIC_SEQ_CST);
    sched_block(vcpu);
    return 0;
}

/* A vCPU that yields in a loop waits for another one, which may run on another CPU: PAUSE, as in
 * the hypervisor's own loops (lock_wait), leaves that CPU its resources. An emulator that executes
 * the CPUs in turns goes on to the next. */
static s64 yield(struct vcpu *vcpu)
{
    __builtin_ia32_pause();
    sched_give_way(vcpu);
    return 0;
}

static s64 shutdown(struct vcpu *vcpu, struct call *call, u32 reason)
{
    if (!domain_shutdown_for(vcpu->domain, reason)) {
        return 1; /* means "suspend was cancelled" */
    }
    /* A managed domain may be resumed, and then this call has returned 0. */
    call->left = domain_is_over(vcpu->domain);
    return 0;
}

static s64 shutdown_from(struct vcpu *vcpu, struct call *call, u64 at)
{
    struct sched_shutdown ask;

    if (!GET_GUEST(&ask, at)) {
        return -XEN_EFAULT;
    }
    return shutdown(vcpu, call, ask.reason);
}

/* Copies the list of ports before the vCPU starts to poll, so that the guest cannot change it
 * later. */
static s64 read_ports(struct vcpu *vcpu, u64 at, u32 count)
{
    for (u32 i = 0; i < count; i++) {
        evtchn_port_t port;

        if (!GET_GUEST(&port, at + i * sizeof port)) {
            return -XEN_EFAULT;
        }
        if (port >= event_ports(vcpu->domain)) {
            return -XEN_EINVAL;
        }
        vcpu->poll_ports[i] = (u16)port;
    }
    vcpu->poll_port_count = count;
    return 0;
}

static s64 poll(struct vcpu *vcpu, u64 at)
{
    struct sched_poll ask;

    if (!GET_GUEST(&ask, at)) {
        return -XEN_EFAULT;
    }
    if (ask.nr_ports > ARRAY_LENGTH(vcpu->poll_ports)) {
        return -XEN_EINVAL;
    }
    s64 error = read_ports(vcpu, (u64)ask.ports.p, ask.nr_ports);
    if (error) {
        return error;
    }
    sched_poll(vcpu, ask.timeout);
    return 0;
}

/* Shuts another domain down. -ESRCH: also a domain that no toolstack has made, or that has ended.
 */
static s64 remote_shutdown(struct vcpu *vcpu, u64 at)
{
    struct sched_remote_shutdown ask;
    struct domain *target;
    s64 error = 0;

    if (!GET_GUEST(&ask, at)) {
        return -XEN_EFAULT;
    }
    target = rights_target(vcpu->domain, RIGHT_SHUT_DOWN, ask.domain_id, &error);
    if (target && (!target->managed || domain_has_ended(target))) {
        error = -XEN_ESRCH;
    } else if (target) {
        domain_stop(target, ask.reason & XEN_DOMINF_shutdownmask);
    }
    return error;
}

static s64 shutdown_code(struct vcpu *vcpu, u64 at)
{
    struct sched_shutdown ask;

    if (!GET_GUEST(&ask, at)) {
        return -XEN_EFAULT;
    }
    domain_fix_reason(vcpu->domain, ask.reason);
    return 0;
}

static s64 watchdog(struct vcpu *vcpu, u64 at)
{
    struct sched_watchdog ask;

    if (!GET_GUEST(&ask, at)) {
        return -XEN_EFAULT;
    }
    return watchdog_set(vcpu, ask.id, ask.timeout);
}

s64 call_sched_op(struct vcpu *vcpu, struct call *call)
{
    u64 at = call->argument[1];

    switch ((u32)call->argument[0]) {
    case SCHEDOP_yield:
        return yield(vcpu);
    case SCHEDOP_block:
        return block(vcpu);
    case SCHEDOP_shutdown:
        return shutdown_from(vcpu, call, at);
    case SCHEDOP_poll:
        return poll(vcpu, at);
    case SCHEDOP_remote_shutdown:
        return remote_shutdown(vcpu, at);
    case SCHEDOP_shutdown_code:
        return shutdown_code(vcpu, at);
    case SCHEDOP_watchdog:
        return watchdog(vcpu, at);
    case SCHEDOP_pin_override:
        return -XEN_EPERM;
    default:
        return -XEN_ENOSYS;
    }
}

s64 call_sched_op_compat(struct vcpu *vcpu, struct call *call)
{
    switch ((u32)call->argument[0]) {
    case SCHEDOP_yield:
        return yield(vcpu);
    case SCHEDOP_block:
        return block(vcpu);
    case SCHEDOP_shutdown:
        return shutdown(vcpu, call, (u32)call->argument[1]);
    default:
        return -XEN_ENOSYS;
    }
}
