/* SPDX-License-Identifier: MIT */
/* Raising and unmasking events: the port's pending or mask bit is changed as the domain's ABI
 * requires, the upcall flag is set, and the vCPU is woken. Also whether an upcall or a polled port
 * is due. */
#include "hypervisor/domain/domain.h"
#include "hypervisor/event/fifo.h"
#include "hypervisor/event/table.h"
#include "hypervisor/event/two_level.h"
#include "hypervisor/sched/sched.h"
#include "hypervisor/trace/trace.h"

void event_upcall(struct vcpu *vcpu)
{
    struct vcpu_info *info = __atomic_load_n(&vcpu->info, __ATOMIC_ACQUIRE);

    if (!__atomic_exchange_n(&info->evtchn_upcall_pending, 1, __ATOMIC_SEQ_CST)) {
        sched_wake(vcpu);
    }
}

static void wake_pollers(struct domain *domain, u32 port)
{
    for (u32 i = 0; i < domain->vcpu_count; i++) {
        struct vcpu *vcpu = domain->vcpu[i];

        if (!vcpu || atomic_load(&vcpu->state) != VCPU_POLLING) {
            continue;
        }
        for (u32 k = 0; k < vcpu->poll_port_count; k++) {
            if (vcpu->poll_ports[k] == port) {
                sched_wake(vcpu);
                break;
            }
        }
    }
}

/* Records an event for the timeline. */
static __attribute__((cold, noinline)) void trace_sent(struct domain *domain,
                                                       const struct channel *channel, u32 port)
{
    struct vcpu *vcpu = domain->vcpu[channel->vcpu];

    if (vcpu) {
        trace_put(TRACE_SENT, port,
                  1 + atomic_fetch_add_explicit(&vcpu->trace_raised, 1, memory_order_relaxed),
                  domain->id | vcpu->id << 16, 0);
    }
}

bool event_mark(struct domain *domain, struct channel *channel, u32 port)
{
    bool fresh = domain->events.fifo ? fifo_raise(domain, channel, port)
                                     : two_level_raise(domain, channel, port);

    if (fresh) {
        wake_pollers(domain, port);
        if (trace_is_on()) {
            trace_sent(domain, channel, port);
        }
    }
    return fresh;
}

void event_raise(struct domain *domain, u32 port)
{
    lock_take(&domain->events.lock);
    struct channel *channel = table_find(&domain->events, port);
    if (channel) {
        event_mark(domain, channel, port);
    }
    lock_release(&domain->events.lock);
}

bool event_raise_pirq(struct domain *domain, u32 port, u32 pirq)
{
    lock_take(&domain->events.lock);
    struct channel *channel = table_find(&domain->events, port);
    bool bound = channel && channel->kind == CHANNEL_PIRQ && channel->remote_port == pirq;
    bool fresh = bound && event_mark(domain, channel, port);
    lock_release(&domain->events.lock);
    return fresh;
}

void event_virq(struct vcpu *vcpu, u32 virq)
{
    u32 port = atomic_load(&vcpu->virq_port[virq]);

    if (port) {
        event_raise(vcpu->domain, port);
    }
}

void event_virq_machine(u32 virq)
{
    struct domain *privileged = domain_by_id(0);

    if (privileged && privileged->vcpu[0]) {
        event_virq(privileged->vcpu[0], virq);
    }
}

s64 event_unmask(struct domain *domain, u32 port)
{
    s64 result = 0;

    tables_take(domain, NULL);
    struct channel *channel = table_find(&domain->events, port);
    if (port >= event_ports(domain)) {
        result = -XEN_EINVAL;
    } else if (domain->events.fifo) {
        fifo_unmask(domain, channel, port);
    } else {
        two_level_unmask(domain, channel, port);
    }
    tables_release(domain, NULL);
    return result;
}

bool event_upcall_due(const struct vcpu *vcpu)
{
    return __atomic_load_n(&vcpu->info->evtchn_upcall_pending, __ATOMIC_SEQ_CST) &&
           !__atomic_load_n(&vcpu->info->evtchn_upcall_mask, __ATOMIC_SEQ_CST);
}

/* The lock is needed because another vCPU may reset the channels and so release the array pages
 * that are read here. */
bool event_poll_due(const struct vcpu *vcpu)
{
    struct domain *domain = vcpu->domain;
    struct event_channels *events = &domain->events;
    bool due = false;

    tables_take(domain, NULL);
    for (u32 i = 0; i < vcpu->poll_port_count && !due; i++) {
        u32 port = vcpu->poll_ports[i];
        due = events->fifo ? fifo_pending(events->fifo, table_find(events, port), port)
                           : two_level_pending(domain, port);
    }
    tables_release(domain, NULL);
    return due;
}

/* A guest with FIFO queues ignores the selector; its ready bits do not move with vcpu_info and need
 * no change. */
void event_mark_all(struct vcpu *vcpu)
{
    __atomic_store_n(&vcpu->info->evtchn_pending_sel, ~0ul, __ATOMIC_SEQ_CST);
    __atomic_store_n(&vcpu->info->evtchn_upcall_pending, 1, __ATOMIC_SEQ_CST);
}
