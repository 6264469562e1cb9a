/* SPDX-License-Identifier: MIT */
/* The table of a domain's channels. */
#include "hypervisor/domain/domain.h"
#include "hypervisor/event/table.h"
#include "hypervisor/memory/frames.h"
#include "lib/index.h"

#define LOCK_RANK   20
#define TABLE_ORDER 3

_Static_assert(EVENT_PORTS * sizeof(struct channel) == PAGE_SIZE << TABLE_ORDER,
               "the table's size");
_Static_assert(EVENT_PORTS == EVTCHN_2L_NR_CHANNELS, "ports of the two-level ABI");

bool events_start(struct domain *domain)
{
    struct event_channels *events = &domain->events;

    events->lock.rank = LOCK_RANK;
    events->channel = page_alloc(TABLE_ORDER);
    if (!events->channel)
        return false;
    events->channel[0].kind = CHANNEL_RESERVED;
    events->search = 1;
    return true;
}

void events_stop(struct domain *domain)
{
    struct event_channels *events = &domain->events;

    if (!events->channel)
        return;
    for (u32 port = 1; port < EVENT_PORTS; port++)
        if (events->channel[port].kind != CHANNEL_FREE)
            event_close(domain, port);
    lock_take(&events->lock);
    struct channel *table = events->channel;
    events->channel = NULL;
    lock_release(&events->lock);
    page_free(table, TABLE_ORDER);
}

void tables_take(struct domain *a, struct domain *b)
{
    if (!b || a == b) {
        lock_take(&a->events.lock);
        return;
    }
    struct domain *low = a->id < b->id ? a : b;
    lock_take(&low->events.lock);
    lock_take(&(low == a ? b : a)->events.lock);
}

void tables_release(struct domain *a, struct domain *b)
{
    if (b && a != b)
        lock_release(&b->events.lock);
    lock_release(&a->events.lock);
}

struct channel *table_find(struct domain *domain, u32 port)
{
    struct event_channels *events = &domain->events;

    if (!events->channel || port >= EVENT_PORTS)
        return NULL;
    port = (u32)index_masked(port, EVENT_PORTS);
    u8 kind = events->channel[port].kind;
    return kind == CHANNEL_FREE || kind == CHANNEL_RESERVED ? NULL : &events->channel[port];
}

u32 table_add(struct domain *domain, struct channel channel)
{
    struct event_channels *events = &domain->events;

    if (!events->channel)
        return 0;
    for (u32 port = events->search; port < EVENT_PORTS; port++) {
        if (events->channel[port].kind != CHANNEL_FREE)
            continue;
        events->channel[port] = channel;
        events->search = port + 1;
        return port;
    }
    events->search = EVENT_PORTS;
    return 0;
}

void table_drop(struct domain *domain, u32 port)
{
    struct event_channels *events = &domain->events;

    events->channel[port] = (struct channel){.kind = CHANNEL_FREE};
    if (port < events->search)
        events->search = port;
    /* Whoever binds it next must not find the old event. */
    __atomic_fetch_and(&domain->shared->evtchn_pending[port / 64], ~(1ul << port % 64),
                       __ATOMIC_SEQ_CST);
}
