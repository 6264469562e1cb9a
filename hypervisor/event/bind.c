/* SPDX-License-Identifier: MIT */
/* Opening a port for another domain, binding one to another domain's port, to a virtual or
 * inter-processor interrupt or to the guest console, and moving a port to another vCPU. */
#include "hypervisor/domain/domain.h"
#include "hypervisor/domain/rights.h"
#include "hypervisor/event/table.h"
#include "hypervisor/pirq/pirq.h"
#include "lib/index.h"

struct vcpu *event_vcpu(struct domain *domain, u32 id)
{
    if (id >= domain->vcpu_count || id >= DOMAIN_VCPUS_MAX) {
        return NULL;
    }
    return domain->vcpu[index_masked(id, DOMAIN_VCPUS_MAX)];
}

s64 event_alloc_unbound(struct domain *domain, struct evtchn_alloc_unbound *ask)
{
    u16 remote = ask->remote_dom == DOMID_SELF ? domain->id : ask->remote_dom;
    s64 error;
    struct domain *target = rights_target(domain, RIGHT_PORTS, ask->dom, &error);

    if (!target) {
        return error;
    }
    tables_take(target, NULL);
    u32 port =
        table_add(target, (struct channel){.kind = CHANNEL_UNBOUND, .remote_domain = remote});
    tables_release(target, NULL);
    ask->port = port;
    return port ? 0 : -XEN_ENOSPC;
}

/* Connects a new port of `domain` to `remote_port` of `remote`. -EINVAL: that port is not unbound,
 * or not open to `domain`; -ENOSPC: no port is free. The locks of both domains are held. */
static s64 connect(struct domain *domain, struct domain *remote, u32 remote_port, u32 *local_port)
{
    struct channel *far = table_find(&remote->events, remote_port);

    if (!far || far->kind != CHANNEL_UNBOUND || far->remote_domain != domain->id) {
        return -XEN_EINVAL;
    }
    u32 port = table_add(domain, (struct channel){.kind = CHANNEL_INTERDOMAIN,
                                                  .remote_domain = remote->id,
                                                  .remote_port = remote_port});
    if (!port) {
        return -XEN_ENOSPC;
    }
    far->kind = CHANNEL_INTERDOMAIN;
    far->remote_port = port;
    *local_port = port;
    /* Events that the far end sent before the connection existed must not be lost: mark the new
     * port pending, whether there were any or not. */
    event_mark(domain, table_find(&domain->events, port), port);
    return 0;
}

s64 event_bind_interdomain(struct domain *domain, struct evtchn_bind_interdomain *ask)
{
    s64 error;
    struct domain *remote = rights_target(domain, RIGHT_CONNECT, ask->remote_dom, &error);

    if (!remote) {
        return error;
    }
    tables_take(domain, remote);
    s64 result = connect(domain, remote, ask->remote_port, &ask->local_port);
    tables_release(domain, remote);
    return result;
}

s64 event_bind_virq(struct domain *domain, struct evtchn_bind_virq *ask)
{
    s64 result = 0;

    if (ask->virq >= NR_VIRQS || (ask->vcpu && virq_is_global(ask->virq))) {
        return -XEN_EINVAL;
    }
    struct vcpu *vcpu = event_vcpu(domain, ask->vcpu);
    if (!vcpu) {
        return -XEN_ENOENT;
    }
    tables_take(domain, NULL);
    if (atomic_load(&vcpu->virq_port[ask->virq])) {
        result = -XEN_EEXIST;
    } else {
        ask->port = table_add(
            domain,
            (struct channel){.kind = CHANNEL_VIRQ, .virq = (u8)ask->virq, .vcpu = (u16)ask->vcpu});
        if (ask->port) {
            atomic_store(&vcpu->virq_port[ask->virq], ask->port);
        } else {
            result = -XEN_ENOSPC;
        }
    }
    tables_release(domain, NULL);
    return result;
}

s64 event_bind_ipi(struct domain *domain, struct evtchn_bind_ipi *ask)
{
    if (!event_vcpu(domain, ask->vcpu)) {
        return -XEN_ENOENT;
    }
    tables_take(domain, NULL);
    ask->port = table_add(domain, (struct channel){.kind = CHANNEL_IPI, .vcpu = (u16)ask->vcpu});
    tables_release(domain, NULL);
    return ask->port ? 0 : -XEN_ENOSPC;
}

s64 event_bind_pirq(struct domain *domain, struct evtchn_bind_pirq *ask)
{
    if (!rights_machine(domain) || !domain->pirqs) {
        return -XEN_EPERM;
    }
    tables_take(domain, NULL);
    u32 port = table_add(domain, (struct channel){.kind = CHANNEL_PIRQ, .remote_port = ask->pirq});
    s64 result = port ? pirq_bind(domain, ask->pirq, port) : -XEN_ENOSPC;
    if (port && result) {
        table_drop(domain, port);
    }
    tables_release(domain, NULL);
    ask->port = port;
    return result;
}

/* True when EVTCHNOP_bind_vcpu may move the channel. An inter-processor interrupt, and a virtual
 * interrupt that is not global, stay with the vCPU on which they were bound. */
static bool may_move(const struct channel *channel)
{
    switch (channel->kind) {
    case CHANNEL_UNBOUND:
    case CHANNEL_INTERDOMAIN:
    case CHANNEL_CONSOLE:
    case CHANNEL_PIRQ:
        return true;
    case CHANNEL_VIRQ:
        return virq_is_global(channel->virq);
    default:
        return false;
    }
}

s64 event_bind_vcpu(struct domain *domain, const struct evtchn_bind_vcpu *ask)
{
    s64 result = -XEN_EINVAL;

    if (!event_vcpu(domain, ask->vcpu)) {
        return -XEN_ENOENT;
    }
    tables_take(domain, NULL);
    struct channel *channel = table_find(&domain->events, ask->port);
    if (channel && may_move(channel)) {
        channel->vcpu = (u16)ask->vcpu;
        if (channel->kind == CHANNEL_PIRQ) {
            pirq_aim(domain, channel->remote_port, event_vcpu(domain, ask->vcpu));
        }
        result = 0;
    }
    tables_release(domain, NULL);
    return result;
}

u32 events_bind_console(struct domain *domain)
{
    tables_take(domain, NULL);
    u32 port = table_add(domain, (struct channel){.kind = CHANNEL_CONSOLE});
    tables_release(domain, NULL);
    return port;
}
