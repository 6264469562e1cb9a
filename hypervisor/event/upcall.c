/* SPDX-License-Identifier: MIT */
/* Telling a guest: pending bit, selector, upcall flag, and its vCPU woken. All of it is memory that
 * the guest writes too: every bit is changed atomically, and none is trusted. */
#include "hypervisor/domain/domain.h"
#include "hypervisor/event/table.h"
#include "hypervisor/sched/sched.h"

static bool set_bit(xen_ulong_t *word, u32 bit)
{
    return __atomic_fetch_or(word, 1ul << bit, __ATOMIC_SEQ_CST) >> bit & 1;
}

static bool clear_bit(xen_ulong_t *word, u32 bit)
{
    return __atomic_fetch_and(word, ~(1ul << bit), __ATOMIC_SEQ_CST) >> bit & 1;
}

static bool read_bit(const xen_ulong_t *word, u32 bit)
{
    return __atomic_load_n(word, __ATOMIC_SEQ_CST) >> bit & 1;
}

/* The selector bit of `port`, and the upcall. */
static void mark_vcpu(struct vcpu *vcpu, u32 port)
{
    struct vcpu_info *info = __atomic_load_n(&vcpu->info, __ATOMIC_ACQUIRE);

    if (set_bit(&info->evtchn_pending_sel, port / 64))
        return;
    if (!__atomic_exchange_n(&info->evtchn_upcall_pending, 1, __ATOMIC_SEQ_CST))
        sched_wake(vcpu);
}

static void wake_pollers(struct domain *domain, u32 port)
{
    for (u32 i = 0; i < domain->vcpu_count; i++) {
        struct vcpu *vcpu = domain->vcpu[i];

        if (!vcpu || atomic_load(&vcpu->state) != VCPU_POLLING)
            continue;
        for (u32 k = 0; k < vcpu->poll_port_count; k++) {
            if (vcpu->poll_ports[k] == port) {
                sched_wake(vcpu);
                break;
            }
        }
    }
}

void event_mark(struct domain *domain, u32 port)
{
    struct channel *channel = table_find(domain, port);
    struct shared_info *shared = domain->shared;

    if (!channel || set_bit(&shared->evtchn_pending[port / 64], port % 64))
        return;
    if (!read_bit(&shared->evtchn_mask[port / 64], port % 64))
        mark_vcpu(domain->vcpu[channel->vcpu], port);
    wake_pollers(domain, port);
}

void event_raise(struct domain *domain, u32 port)
{
    tables_take(domain, NULL);
    event_mark(domain, port);
    tables_release(domain, NULL);
}

void event_virq(struct vcpu *vcpu, u32 virq)
{
    u32 port = atomic_load(&vcpu->virq_port[virq]);

    if (port)
        event_raise(vcpu->domain, port);
}

s64 event_unmask(struct domain *domain, u32 port)
{
    struct shared_info *shared = domain->shared;

    if (port >= EVENT_PORTS)
        return -XEN_EINVAL;
    tables_take(domain, NULL);
    struct channel *channel = table_find(domain, port);
    if (clear_bit(&shared->evtchn_mask[port / 64], port % 64) && channel &&
        read_bit(&shared->evtchn_pending[port / 64], port % 64))
        mark_vcpu(domain->vcpu[channel->vcpu], port);
    tables_release(domain, NULL);
    return 0;
}

bool event_upcall_due(const struct vcpu *vcpu)
{
    return __atomic_load_n(&vcpu->info->evtchn_upcall_pending, __ATOMIC_SEQ_CST) &&
           !__atomic_load_n(&vcpu->info->evtchn_upcall_mask, __ATOMIC_SEQ_CST);
}

bool event_poll_due(const struct vcpu *vcpu)
{
    const struct shared_info *shared = vcpu->domain->shared;

    for (u32 i = 0; i < vcpu->poll_port_count; i++) {
        u32 port = vcpu->poll_ports[i];
        if (read_bit(&shared->evtchn_pending[port / 64], port % 64))
            return true;
    }
    return false;
}

void event_mark_all(struct vcpu *vcpu)
{
    __atomic_store_n(&vcpu->info->evtchn_pending_sel, ~0ul, __ATOMIC_SEQ_CST);
    __atomic_store_n(&vcpu->info->evtchn_upcall_pending, 1, __ATOMIC_SEQ_CST);
}
