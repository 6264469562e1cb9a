/* SPDX-License-Identifier: MIT */
/* The table of a domain's channels, for event/ only. */
#ifndef EVENT_TABLE_H
#define EVENT_TABLE_H

#include "hypervisor/event/channel.h"
#include "lib/index.h"

/* Takes the locks of both, in order; they may be the same, `b` may be NULL. */
void tables_take(struct domain *a, struct domain *b);
void tables_release(struct domain *a, struct domain *b);

/* The channel of a port in use; NULL: there is none. The lock is held. */
static inline struct channel *table_find(struct event_channels *events, u32 port)
{
    struct channel *page;

    if (port >= EVENT_PORTS_MAX) {
        return NULL;
    }
    port = (u32)index_masked(port, EVENT_PORTS_MAX);
    if (!(page = events->page[port / CHANNELS_A_PAGE])) {
        return NULL;
    }
    struct channel *channel = &page[port % CHANNELS_A_PAGE];
    return channel->kind <= CHANNEL_RESERVED ? NULL : channel;
}

/* The highest port in use, the console's left out on request; 0: there is none. The lock is held.
 */
u32 table_last(struct event_channels *events, bool but_console);

/* Takes a free port for `channel`, notified vCPU and all. 0: none free. The lock is held. */
u32 table_add(struct domain *domain, struct channel channel);

/* Frees a port in use, and takes its pending bit away. The lock is held. */
void table_drop(struct domain *domain, u32 port);

/* The vCPU of that number; NULL: there is none. */
struct vcpu *event_vcpu(struct domain *domain, u32 id);

/* One a domain, bound on its first vCPU; the others are one a vCPU. */
static inline bool virq_is_global(u32 virq)
{
    return virq != VIRQ_TIMER && virq != VIRQ_DEBUG && virq != VIRQ_XENOPROF && virq != VIRQ_XENPMU;
}

/* event_raise of a port in use where the lock is held already. */
void event_mark(struct domain *domain, struct channel *channel, u32 port);

/* Sets the vCPU's upcall flag, and wakes it if that is news. The lock is held. */
void event_upcall(struct vcpu *vcpu);

#endif
