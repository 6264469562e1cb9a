/* SPDX-License-Identifier: MIT */
/* Event channels of a domain: two-level (xen.h: evtchn_pending, evtchn_mask).
 *
 * Locks: event_channels.lock (rank 20); two domains' in ascending order of domain id. What returns
 * s64 returns the ABI's error numbers. */
#ifndef EVENT_CHANNEL_H
#define EVENT_CHANNEL_H

#include "hypervisor/xen.h"
#include "lib/addr.h"
#include "lib/lock.h"

struct domain;
struct vcpu;

#define EVENT_PORTS 4096

enum channel_kind {
    CHANNEL_FREE,
    CHANNEL_RESERVED, /* port 0 */
    CHANNEL_UNBOUND,
    CHANNEL_INTERDOMAIN,
    CHANNEL_VIRQ,
    CHANNEL_IPI,
    CHANNEL_CONSOLE, /* the far end is the hypervisor */
};

struct channel {
    u8 kind;
    u8 virq;
    u16 vcpu; /* who is notified */
    u16 remote_domain;
    u16 remote_port;
};

struct event_channels {
    struct lock lock;
    u32 search;              /* no port below is free */
    struct channel *channel; /* EVENT_PORTS of them; NULL: not started, or stopped */
};

/* Allocates the table (from hypervisor memory); false: no memory. */
bool events_start(struct domain *domain);
/* Closes every channel, also the far ends in other domains, and frees the table. Before the shared
 * info page or a vcpu_info page goes: afterwards nothing raises events in this domain. */
void events_stop(struct domain *domain);

/* A port whose far end is the hypervisor's console. 0: none free. */
u32 events_bind_console(struct domain *domain);

/* Marks `port` pending in the domain and wakes its vCPU as the ABI says. Any CPU, any port. */
void event_raise(struct domain *domain, u32 port);

/* Raises a VIRQ of one vCPU (if bound). */
void event_virq(struct vcpu *vcpu, u32 virq);

/* True when the vCPU has an upcall pending that it does not mask. */
bool event_upcall_due(const struct vcpu *vcpu);

/* True when one of poll_ports is pending. */
bool event_poll_due(const struct vcpu *vcpu);

/* A vCPU's vcpu_info moved: it is told to look at everything. */
void event_mark_all(struct vcpu *vcpu);

/* ---- what guests ask for: EVTCHNOP_* of `domain`, results stored in the structure
 * ---------------- */

s64 event_alloc_unbound(struct domain *domain, struct evtchn_alloc_unbound *ask);
s64 event_bind_interdomain(struct domain *domain, struct evtchn_bind_interdomain *ask);
s64 event_bind_virq(struct domain *domain, struct evtchn_bind_virq *ask);
s64 event_bind_ipi(struct domain *domain, struct evtchn_bind_ipi *ask);
s64 event_bind_vcpu(struct domain *domain, const struct evtchn_bind_vcpu *ask);
s64 event_close(struct domain *domain, u32 port);
s64 event_send(struct domain *domain, u32 port);
s64 event_status(struct domain *domain, struct evtchn_status *ask);
s64 event_unmask(struct domain *domain, u32 port);
s64 event_reset(struct domain *domain, const struct evtchn_reset *ask);

#endif
