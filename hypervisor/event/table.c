/* SPDX-License-Identifier: MIT */
/* The channel table of a domain, in pages that are allocated when ports are needed. */
#include "hypervisor/domain/domain.h"
#include "hypervisor/domain/rights.h"
#include "hypervisor/event/fifo.h"
#include "hypervisor/event/table.h"
#include "hypervisor/event/two_level.h"
#include "hypervisor/memory/frames.h"
#include "hypervisor/ranks.h"
#include "vmmu/port.h"

_Static_assert(PAGE_SIZE % sizeof(struct channel) == 0, "channels fill their pages");
_Static_assert(EVENT_PORTS_MAX >= EVTCHN_2L_NR_CHANNELS, "ports of the two-level ABI");

bool events_start(struct domain *domain)
{
    struct event_channels *events = &domain->events;

    events->lock.rank = RANK_EVENTS;
    events->page[0] = page_alloc(0);
    if (!events->page[0]) {
        return false;
    }
    events->page[0][0].kind = CHANNEL_RESERVED;
    events->search = events->top = 1;
    events->limit = EVENT_PORTS_MAX;
    return true;
}

void events_limit(struct domain *domain, u32 last_port)
{
    domain->events.limit = last_port < EVENT_PORTS_MAX ? last_port + 1 : EVENT_PORTS_MAX;
}

/* Closes all ports, except with `but_console` the console's. Each step closes the highest port that
 * is left, so that a repeated call resumes after an interruption. False: interrupted. */
static bool close_all(struct domain *domain, bool but_console)
{
    for (;;) {
        tables_take(domain, NULL);
        u32 port = table_last(&domain->events, but_console);
        tables_release(domain, NULL);
        if (!port) {
            return true;
        }
        event_close(domain, port);
        if (port_should_stop()) {
            return false;
        }
    }
}

bool events_stop(struct domain *domain)
{
    struct event_channels *events = &domain->events;
    struct channel *page[ARRAY_LENGTH(events->page)];

    if (!events->page[0]) {
        return true;
    }
    if (!close_all(domain, false)) {
        return false;
    }
    tables_take(domain, NULL);
    __builtin_memcpy(page, events->page, sizeof page);
    __builtin_memset(events->page, 0, sizeof events->page);
    struct fifo *fifo = events->fifo;
    __atomic_store_n(&events->fifo, NULL, __ATOMIC_RELEASE);
    tables_release(domain, NULL);
    if (fifo) {
        fifo_free(fifo);
    }
    for (u32 i = 0; i < ARRAY_LENGTH(page); i++) {
        if (page[i]) {
            page_free(page[i], 0);
        }
    }
    return true;
}

/* Closes every port but the console's, which the guest could not get anew, and returns the domain
 * to the two-level ABI. If it used FIFO, the console's port is marked pending, since the change
 * could have lost its event. */
static void reset(struct domain *domain, bool *again)
{
    struct event_channels *events = &domain->events;

    *again = !close_all(domain, true);
    if (*again) {
        return;
    }
    tables_take(domain, NULL);
    struct fifo *fifo = events->fifo;
    /* Another vCPU may have bound a port since close_all. */
    *again = table_last(events, true) != 0;
    if (fifo && !*again) {
        struct channel *console = table_find(events, domain->console.port);
        __atomic_store_n(&events->fifo, NULL, __ATOMIC_RELEASE);
        if (console) {
            event_mark(domain, console, domain->console.port);
        }
    }
    tables_release(domain, NULL);
    if (fifo && !*again) {
        fifo_free(fifo);
    }
}

s64 event_reset(struct domain *domain, const struct evtchn_reset *ask, bool *again)
{
    s64 error = 0;
    struct domain *target = rights_target(domain, RIGHT_PORTS, ask->dom, &error);

    if (target) {
        reset(target, again);
    }
    return error;
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
    if (b && a != b) {
        lock_release(&b->events.lock);
    }
    lock_release(&a->events.lock);
}

u32 event_ports(const struct domain *domain)
{
    return __atomic_load_n(&domain->events.fifo, __ATOMIC_RELAXED) ? EVENT_PORTS_MAX
                                                                   : EVTCHN_2L_NR_CHANNELS;
}

u32 table_last(struct event_channels *events, bool but_console)
{
    while (events->top > 1 && !table_find(events, events->top - 1)) {
        events->top--;
    }
    for (u32 port = events->top - 1; port; port--) {
        const struct channel *channel = table_find(events, port);
        if (channel && !(but_console && channel->kind == CHANNEL_CONSOLE)) {
            return port;
        }
    }
    return 0;
}

/* The table element of `port`, in use or not; its page is allocated if necessary. NULL: no
 * memory. */
static struct channel *place(struct domain *domain, u32 port)
{
    struct event_channels *events = &domain->events;
    struct channel **page = &events->page[port / CHANNELS_A_PAGE];

    if (!*page && (*page = page_alloc(0))) {
        page_mark(*page, 0, domain->id);
    }
    return *page ? &(*page)[port % CHANNELS_A_PAGE] : NULL;
}

/* True when the port can be bound. A closed port that is still linked in a FIFO queue cannot: the
 * guest would take the leftover link for an event of the new binding. */
static bool is_free(struct event_channels *events, u32 port)
{
    return !table_find(events, port) && !(events->fifo && fifo_linked(events->fifo, port));
}

u32 table_add(struct domain *domain, struct channel channel)
{
    struct event_channels *events = &domain->events;
    u32 ports = event_ports(domain), port;
    struct channel *at = NULL;

    if (ports > events->limit) {
        ports = events->limit;
    }
    if (!events->page[0]) {
        return 0;
    }
    while (events->search < ports && table_find(events, events->search)) {
        events->search++;
    }
    for (port = events->search; port < ports && !is_free(events, port);) {
        port++;
    }
    if (port < ports) {
        at = place(domain, port);
    }
    if (!at) {
        return 0;
    }
    channel.queue = at->queue;
    channel.priority = EVTCHN_FIFO_PRIORITY_DEFAULT;
    *at = channel;
    if (port >= events->top) {
        events->top = port + 1;
    }
    return port;
}

void table_drop(struct domain *domain, u32 port)
{
    struct event_channels *events = &domain->events;
    struct channel *channel = table_find(events, port);

    /* An event of the old binding must not be pending when the port is bound again. */
    if (events->fifo) {
        fifo_clear_pending(events->fifo, channel, port);
    } else {
        two_level_take(domain, port);
    }
    *channel = (struct channel){.kind = CHANNEL_FREE, .queue = channel->queue};
    if (port < events->search) {
        events->search = port;
    }
}
