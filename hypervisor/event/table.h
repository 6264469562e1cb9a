/* SPDX-License-Identifier: MIT */
/* The table of a domain's channels, for event/ only. */
#ifndef EVENT_TABLE_H
#define EVENT_TABLE_H

#include "hypervisor/event/channel.h"

/* Takes the locks of both, in order; they may be the same, `b` may be NULL. */
void tables_take(struct domain *a, struct domain *b);
void tables_release(struct domain *a, struct domain *b);

/* The channel of a port in use; NULL: there is none. The lock is held. */
struct channel *table_find(struct domain *domain, u32 port);

/* Takes a free port for `channel`, notified vCPU and all. 0: none free. The lock is held. */
u32 table_add(struct domain *domain, struct channel channel);

/* Frees a port, and takes its pending bit away. The lock is held. */
void table_drop(struct domain *domain, u32 port);

/* One a domain, bound on its first vCPU; the others are one a vCPU. */
static inline bool virq_is_global(u32 virq)
{
    return virq != VIRQ_TIMER && virq != VIRQ_DEBUG && virq != VIRQ_XENOPROF && virq != VIRQ_XENPMU;
}

/* event_raise where the lock is held already. */
void event_mark(struct domain *domain, u32 port);

#endif
