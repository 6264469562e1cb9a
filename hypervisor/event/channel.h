/* SPDX-License-Identifier: MIT */
/* Event channels of a domain.
 *
 * A guest begins with the two-level ABI (xen.h: evtchn_pending, evtchn_mask); EVTCHNOP_init_control
 * changes it to FIFO queues, in pages that the guest provides, EVTCHNOP_reset back to two levels.
 *
 * Locks: event_channels.lock (RANK_EVENTS); the locks of two domains are taken in ascending order
 * of domain id. Functions that return s64 return 0 or a negated error number of the ABI. */
#ifndef EVENT_CHANNEL_H
#define EVENT_CHANNEL_H

#include "hypervisor/xen.h"
#include "lib/addr.h"
#include "lib/lock.h"

struct domain;
struct vcpu;

/* How many ports a domain may have with FIFO queues. The ABI allows 2^17; this limit keeps a
 * domain's channel table at 256 KiB. */
#define EVENT_PORTS_MAX (1u << 14)

/* The largest number of frames that events_held can list: the pages of the event array, and one
 * control block for each vCPU. */
#define EVENTS_HELD_MAX (128u + 32u)

enum channel_kind {
    CHANNEL_FREE,
    CHANNEL_RESERVED, /* port 0, which the ABI never gives out */
    CHANNEL_UNBOUND,
    CHANNEL_INTERDOMAIN,
    CHANNEL_VIRQ,
    CHANNEL_IPI,
    CHANNEL_PIRQ,    /* a device's interrupt (pirq/pirq.h); remote_port is the pirq */
    CHANNEL_CONSOLE, /* the far end is the hypervisor's guest console */
};

struct channel {
    u8 kind;
    u8 virq;
    u16 vcpu; /* number of the vCPU that gets the upcall */
    u16 remote_domain;
    u16 queue; /* FIFO: the queue that the port was linked into last (vCPU * EVTCHN_FIFO_MAX_QUEUES
                  + priority); kept when the port is closed */
    u32 remote_port;
    u8 priority; /* FIFO: 0 (most urgent) to 15 */
    bool waits;  /* FIFO: the port is pending, but the guest has not yet given the array page that
                    holds its event word */
};

#define CHANNELS_A_PAGE (PAGE_SIZE / sizeof(struct channel))

struct fifo;

struct event_channels {
    struct lock lock;
    u32 search;        /* all ports below this number are in use */
    u32 top;           /* no port from this number on is in use */
    u32 limit;         /* ports that may be bound are below this number */
    struct fifo *fifo; /* the FIFO queues; NULL while the domain uses the two-level ABI */
    /* The channel table, by pages. events_start allocates page[0]; each other page is allocated
     * when its first port is bound. page[0] is NULL before events_start and after events_stop. */
    struct channel *page[EVENT_PORTS_MAX / CHANNELS_A_PAGE];
};

/* Allocates the first page of the channel table from the hypervisor's memory. False: no memory. */
bool events_start(struct domain *domain);

/* Sets the highest port number that the new domain may bind, before it runs; what is above
 * EVENT_PORTS_MAX - 1 counts as that. Xen ABI: max_evtchn_port of XEN_DOMCTL_createdomain. */
void events_limit(struct domain *domain, u32 last_port);

/* Closes every channel (the far end of one to another domain becomes unbound), frees the table and
 * drops the holds on the guest's event pages. Call it before the shared info page or a vcpu_info
 * page is released; once it returns true, no event can be raised in this domain. False:
 * interrupted; call it again. */
bool events_stop(struct domain *domain);

/* How many ports the ABI that the domain uses at present (two-level or FIFO) gives it: port numbers
 * are below this. */
u32 event_ports(const struct domain *domain);

/* For the audit: writes the mfn of each event page of the guest on which there is a hold
 * (vmmu_hold) into `list`, which has room for EVENTS_HELD_MAX. Returns how many there are. */
u32 events_held(const struct domain *domain, mfn_t *list);

/* Binds a port of the domain to the guest console. Returns the port; 0: none is free, or no
 * memory. */
u32 events_bind_console(struct domain *domain);

/* Marks `port` pending in the domain, and wakes the vCPUs that poll it. If the port is not masked,
 * also requests the upcall of its vCPU, unless the vCPU has been notified already. A port that is
 * not in use is ignored. May be called on any CPU; takes event_channels.lock. */
void event_raise(struct domain *domain, u32 port);

/* As event_raise, but only if `port` is bound to pirq `pirq`. True: the port was not pending
 * before. Takes event_channels.lock. */
bool event_raise_pirq(struct domain *domain, u32 port, u32 pirq);

/* Raises the virtual interrupt `virq` (VIRQ_*) of a vCPU, if the guest has bound it to a port.
 * Takes event_channels.lock. */
void event_virq(struct vcpu *vcpu, u32 virq);

/* Raises the global virtual interrupt `virq` (VIRQ_*) for the privileged domain, if there is one
 * and it has bound it. Takes event_channels.lock. */
void event_virq_machine(u32 virq);

/* True when the vCPU's upcall flag is set and not masked: an event callback must be delivered. */
bool event_upcall_due(const struct vcpu *vcpu);

/* True when one of the ports that the vCPU polls (SCHEDOP_poll) is pending. Takes
 * event_channels.lock. */
bool event_poll_due(const struct vcpu *vcpu);

/* Sets all selector bits and the upcall flag of a vCPU, so that a kernel with the two-level ABI
 * checks every port: for a vCPU whose vcpu_info has moved to another page. */
void event_mark_all(struct vcpu *vcpu);

/* ---- operations EVTCHNOP_* of `domain`, as in the ABI's event_channel.h; results are stored in
 * *ask. alloc_unbound, status and reset name a domain, and act on it by the right over it. */

s64 event_alloc_unbound(struct domain *domain, struct evtchn_alloc_unbound *ask);
s64 event_bind_interdomain(struct domain *domain, struct evtchn_bind_interdomain *ask);
s64 event_bind_virq(struct domain *domain, struct evtchn_bind_virq *ask);
s64 event_bind_pirq(struct domain *domain, struct evtchn_bind_pirq *ask);
s64 event_bind_ipi(struct domain *domain, struct evtchn_bind_ipi *ask);
s64 event_bind_vcpu(struct domain *domain, const struct evtchn_bind_vcpu *ask);
s64 event_close(struct domain *domain, u32 port);
s64 event_send(struct domain *domain, u32 port);
s64 event_status(struct domain *domain, struct evtchn_status *ask);
s64 event_unmask(struct domain *domain, u32 port);
s64 event_set_priority(struct domain *domain, const struct evtchn_set_priority *ask);

/* The next three may be interrupted: they set *again, which is false before, and the same call
 * resumes the work. */
s64 event_reset(struct domain *domain, const struct evtchn_reset *ask, bool *again);
s64 event_init_control(struct domain *domain, struct evtchn_init_control *ask, bool *again);
s64 event_expand_array(struct domain *domain, const struct evtchn_expand_array *ask, bool *again);

#endif
