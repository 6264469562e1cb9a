/* SPDX-License-Identifier: MIT */
/* Event channels of a domain: two-level (xen.h: evtchn_pending, evtchn_mask). */
#ifndef EVENT_CHANNEL_H
#define EVENT_CHANNEL_H

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
    u16 vcpu;        /* who is notified */
    u16 remote_domain;
    u16 remote_port;
};

struct event_channels {
    struct lock lock;
    struct channel *channel; /* EVENT_PORTS of them */
};

/* Allocates the table (from hypervisor memory); false: no memory. */
bool events_start(struct domain *domain);
/* Closes every channel, also the far ends in other domains, and frees the table. */
void events_stop(struct domain *domain);

/* A port whose far end is the hypervisor's console. 0: none free. */
u32 events_bind_console(struct domain *domain);

/* Marks `port` pending in the domain and wakes its vCPU as the ABI says. */
void event_raise(struct domain *domain, u32 port);

/* Raises a VIRQ of one vCPU (if bound). */
void event_virq(struct vcpu *vcpu, u32 virq);

/* True when the vCPU has an upcall pending that it does not mask. */
bool event_upcall_due(const struct vcpu *vcpu);

#endif
