/* SPDX-License-Identifier: MIT */
/* Operations on event channels in use: send, status, close. */
#include "hypervisor/domain/domain.h"
#include "hypervisor/domain/rights.h"
#include "hypervisor/event/table.h"
#include "hypervisor/sched/sched.h"
#include "hypervisor/pirq/pirq.h"

/* Closes `port`, which is in use. The locks of both domains are held; `remote` is the far end's
 * domain, NULL if there is none. */
static void close_locked(struct domain *domain, u32 port, struct domain *remote)
{
    struct channel *channel = table_find(&domain->events, port);

    if (channel->kind == CHANNEL_VIRQ) {
        /* A global virtual interrupt is recorded in vCPU 0, even if EVTCHNOP_bind_vcpu moved its
         * delivery to another vCPU. */
        struct vcpu *owner = domain->vcpu[virq_is_global(channel->virq) ? 0 : channel->vcpu];

        if (owner) {
            atomic_store(&owner->virq_port[channel->virq], 0);
        }
    }
    if (channel->kind == CHANNEL_CONSOLE) {
        domain->console.port = 0;
    }
    if (channel->kind == CHANNEL_PIRQ) {
        pirq_unbind(domain, channel->remote_port);
    }
    if (channel->kind == CHANNEL_INTERDOMAIN && remote) {
        /* The far end becomes unbound again: this domain may bind to it once more. */
        struct channel *far = table_find(&remote->events, channel->remote_port);
        if (far && far->kind == CHANNEL_INTERDOMAIN && far->remote_domain == domain->id &&
            far->remote_port == port) {
            far->kind = CHANNEL_UNBOUND;
            far->remote_port = 0;
        }
    }
    table_drop(domain, port);
}

s64 event_close(struct domain *domain, u32 port)
{
    for (;;) {
        tables_take(domain, NULL);
        struct channel *channel = table_find(&domain->events, port);
        struct channel seen = channel ? *channel : (struct channel){0};
        tables_release(domain, NULL);
        if (!channel) {
            return -XEN_EINVAL;
        }

        struct domain *remote =
            seen.kind == CHANNEL_INTERDOMAIN ? domain_by_id(seen.remote_domain) : NULL;
        tables_take(domain, remote);
        channel = table_find(&domain->events, port);
        bool same =
            channel && channel->kind == seen.kind && channel->remote_domain == seen.remote_domain;
        if (same) {
            close_locked(domain, port, remote);
        }
        tables_release(domain, remote);
        if (same) {
            return 0;
        }
    }
}

s64 event_send(struct domain *domain, u32 port)
{
    struct domain *remote = NULL;
    u32 remote_port = 0;
    s64 result = 0;

    lock_take(&domain->events.lock);
    struct channel *channel = table_find(&domain->events, port);
    u8 kind = channel ? channel->kind : CHANNEL_FREE;
    if (kind == CHANNEL_INTERDOMAIN) {
        remote = domain_by_id(channel->remote_domain);
        remote_port = channel->remote_port;
    } else if (kind == CHANNEL_IPI) {
        event_mark(domain, channel, port);
    } else if (kind != CHANNEL_UNBOUND && kind != CHANNEL_CONSOLE) {
        result = -XEN_EINVAL;
    }
    lock_release(&domain->events.lock);

    if (remote) {
        sched_notifies(true);
        event_raise(remote, remote_port);
        sched_notifies(false);
    }
    if (kind == CHANNEL_CONSOLE) {
        guest_console_drain(domain);
        guest_console_input();
    }
    return result;
}

static void describe(const struct channel *channel, struct evtchn_status *status)
{
    switch (channel->kind) {
    case CHANNEL_UNBOUND:
        status->status = EVTCHNSTAT_unbound;
        status->u.unbound.dom = channel->remote_domain;
        break;
    case CHANNEL_INTERDOMAIN:
        status->status = EVTCHNSTAT_interdomain;
        status->u.interdomain.dom = channel->remote_domain;
        status->u.interdomain.port = channel->remote_port;
        break;
    case CHANNEL_CONSOLE: /* reported as if the far end were domain 0, port 0 */
        status->status = EVTCHNSTAT_interdomain;
        break;
    case CHANNEL_VIRQ:
        status->status = EVTCHNSTAT_virq;
        status->u.virq = channel->virq;
        break;
    case CHANNEL_PIRQ:
        status->status = EVTCHNSTAT_pirq;
        status->u.pirq = channel->remote_port;
        break;
    case CHANNEL_IPI:
        status->status = EVTCHNSTAT_ipi;
        break;
    default:
        status->status = EVTCHNSTAT_closed;
        return;
    }
    status->vcpu = channel->vcpu;
}

s64 event_status(struct domain *domain, struct evtchn_status *ask)
{
    struct evtchn_status status;
    s64 error;
    struct domain *target = rights_target(domain, RIGHT_PORTS, ask->dom, &error);

    if (!target) {
        return error;
    }
    if (ask->port >= event_ports(target)) {
        return -XEN_EINVAL;
    }
    __builtin_memset(&status, 0, sizeof status);
    status.dom = ask->dom;
    status.port = ask->port;
    tables_take(target, NULL);
    struct channel *channel = table_find(&target->events, ask->port);
    if (channel) {
        describe(channel, &status);
    }
    tables_release(target, NULL);
    *ask = status;
    return 0;
}
