/* SPDX-License-Identifier: MIT */
/* Event channels of a domain. A guest begins with the two-level ABI (xen.h: evtchn_pending,
 * evtchn_mask); EVTCHNOP_init_control changes to FIFO queues in pages of its own, EVTCHNOP_reset
 * back.
 *
 * Locks: event_channels.lock (RANK_EVENTS); two domains' in ascending order of domain id. What
 * returns s64 returns the ABI's error numbers. */
#ifndef EVENT_CHANNEL_H
#define EVENT_CHANNEL_H

#include "hypervisor/xen.h"
#include "lib/addr.h"
#include "lib/lock.h"

struct domain;
struct vcpu;

/* As many ports as a domain gets, with FIFO queues (the ABI has room for 2^17); 256 KiB of table.
 */
#define EVENT_PORTS_MAX (1u << 14)

/* Pages of a guest that events_held lists at most: its array, and a control block a vCPU. */
#define EVENTS_HELD_MAX (128u + 32u)

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
    u16 queue; /* FIFO: where it was linked last; survives a close */
    u32 remote_port;
    u8 priority; /* FIFO: 0 (first) .. 15 */
    bool waits;  /* FIFO: pending, and the guest has given no page for its word yet */
};

#define CHANNELS_A_PAGE (PAGE_SIZE / sizeof(struct channel))

struct fifo;

struct event_channels {
    struct lock lock;
    u32 search;        /* no port below is free */
    u32 top;           /* no port from here on is in use */
    struct fifo *fifo; /* NULL: two-level */
    /* Each allocated when its first port is. page[0] NULL: not started, or stopped. */
    struct channel *page[EVENT_PORTS_MAX / CHANNELS_A_PAGE];
};

/* Allocates the start of the table (from hypervisor memory); false: no memory. */
bool events_start(struct domain *domain);
/* Closes every channel, also the far ends in other domains, frees the table and lets go of the
 * guest's pages. Before the shared info page or a vcpu_info page goes: afterwards nothing raises
 * events in this domain. False: something waits for this CPU; call it again. */
bool events_stop(struct domain *domain);

/* One above the highest port that the domain's present ABI has. */
u32 event_ports(const struct domain *domain);

/* Lists the guest's pages that are held (vmmu_hold), for an audit; returns how many. */
u32 events_held(const struct domain *domain, mfn_t *list);

/* A port whose far end is the hypervisor's console. 0: none free. */
u32 events_bind_console(struct domain *domain);

/* Marks `port` pending in the domain and wakes its vCPU as the ABI says. Any CPU, any port. */
void event_raise(struct domain *domain, u32 port);

/* Raises a VIRQ of one vCPU (if bound). */
void event_virq(struct vcpu *vcpu, u32 virq);

/* True when the vCPU has an upcall pending that it does not mask. */
bool event_upcall_due(const struct vcpu *vcpu);

/* True when one of poll_ports is pending. Takes event_channels.lock. */
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
s64 event_set_priority(struct domain *domain, const struct evtchn_set_priority *ask);

/* These three may stop half-way: *again is set, and the same call goes on from there. */
s64 event_reset(struct domain *domain, const struct evtchn_reset *ask, bool *again);
s64 event_init_control(struct domain *domain, struct evtchn_init_control *ask, bool *again);
s64 event_expand_array(struct domain *domain, const struct evtchn_expand_array *ask, bool *again);

#endif
