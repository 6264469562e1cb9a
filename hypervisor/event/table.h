/* SPDX-License-Identifier: MIT */
/* The channel table of a domain, for event/ only. */
#ifndef EVENT_TABLE_H
#define EVENT_TABLE_H

#include "hypervisor/event/channel.h"
#include "lib/index.h"

/* Takes, or releases, the event locks of both domains, in ascending order of domain id. `a` and `b`
 * may be the same domain; `b` may be NULL. */
void tables_take(struct domain *a, struct domain *b);
void tables_release(struct domain *a, struct domain *b);

/* The channel of a port, any number. NULL: the port is not in use, or is port 0. The caller holds
 * the lock. */
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

/* The highest port in use; with `but_console`, the highest that is not the console's. 0: there is
 * none. The caller holds the lock. */
u32 table_last(struct event_channels *events, bool but_console);

/* Binds a free port to a copy of `channel`, with the default FIFO priority. Returns the port; 0:
 * none is free, no memory, or the channels are stopped. The caller holds the lock. */
u32 table_add(struct domain *domain, struct channel channel);

/* Frees a port in use and clears its pending state. The caller holds the lock. */
void table_drop(struct domain *domain, u32 port);

/* The vCPU with number `id`, any value. NULL: the domain has none. */
struct vcpu *event_vcpu(struct domain *domain, u32 id);

/* True for a virtual interrupt of which a domain has only one, bound on vCPU 0. The others exist
 * once for each vCPU. */
static inline bool virq_is_global(u32 virq)
{
    return virq != VIRQ_TIMER && virq != VIRQ_DEBUG && virq != VIRQ_XENOPROF && virq != VIRQ_XENPMU;
}

/* As event_raise, for a port in use. True: it was not pending before. The caller holds the lock. */
bool event_mark(struct domain *domain, struct channel *channel, u32 port);

/* Sets the vCPU's upcall flag, and wakes the vCPU if the flag was clear. The caller holds the
 * lock. */
void event_upcall(struct vcpu *vcpu);

#endif
