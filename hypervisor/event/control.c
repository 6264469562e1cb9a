/* SPDX-License-Identifier: MIT */
/* The FIFO ABI of a domain as a whole: set-up with the guest's control blocks and event array
 * pages, the change from the two-level ABI, EVTCHNOP_set_priority, and the release of all
 * queues. */
#include "hypervisor/domain/domain.h"
#include "hypervisor/event/fifo.h"
#include "hypervisor/event/table.h"
#include "hypervisor/event/two_level.h"
#include "hypervisor/memory/frames.h"
#include "hypervisor/memory/map.h"

_Static_assert(sizeof(struct fifo) <= PAGE_SIZE, "the queues fit their page");

/* Takes a hold on frame number `frame` of the guest and returns the hypervisor's view of it. NULL:
 * interrupted if *again is set, else refused. */
static void *hold(struct domain *domain, u64 frame, bool *again)
{
    enum vmmu_result result = vmmu_hold(&domain->mmu, mfn(frame));

    *again = result == VMMU_AGAIN;
    return result == VMMU_DONE ? frame_view(mfn(frame)) : NULL;
}

/* Changes the domain to FIFO queues. For each port in use, a pending two-level bit becomes `waits`:
 * the event is raised when the guest gives the array page of the port. */
static void leave_two_levels(struct domain *domain, struct fifo *fifo)
{
    struct event_channels *events = &domain->events;

    for (u32 port = 1; port < events->top; port++) {
        struct channel *channel = table_find(events, port);
        if (channel) {
            channel->waits = two_level_take(domain, port);
        }
    }
    __atomic_store_n(&events->fifo, fifo, __ATOMIC_RELEASE);
}

/* Gives a vCPU its control block. If the domain has no queues yet, *fresh becomes its queues and is
 * set to NULL. False: the vCPU has a control block already, or the channels are stopped. */
static bool give_control(struct domain *domain, u32 vcpu, void *control, struct fifo **fresh)
{
    struct event_channels *events = &domain->events;

    if (!events->page[0] || (events->fifo && events->fifo->vcpu[vcpu].control)) {
        return false;
    }
    if (!events->fifo) {
        leave_two_levels(domain, *fresh);
        *fresh = NULL;
    }
    events->fifo->vcpu[vcpu].control = control;
    return true;
}

s64 event_init_control(struct domain *domain, struct evtchn_init_control *ask, bool *again)
{
    ask->link_bits = EVTCHN_FIFO_LINK_BITS;
    if (!event_vcpu(domain, ask->vcpu)) {
        return -XEN_ENOENT;
    }
    if (ask->offset > PAGE_SIZE - sizeof(struct evtchn_fifo_control_block) ||
        ask->offset % sizeof(u64)) {
        return -XEN_EINVAL;
    }
    struct fifo *fresh = page_alloc(0);
    if (!fresh) {
        return -XEN_ENOMEM;
    }
    page_mark(fresh, 0, domain->id);
    u8 *page = hold(domain, ask->control_gfn, again);
    bool done = false;
    if (page) {
        tables_take(domain, NULL);
        done = give_control(domain, ask->vcpu, page + ask->offset, &fresh);
        tables_release(domain, NULL);
        if (!done) {
            vmmu_unhold(mfn(ask->control_gfn));
        }
    }
    if (fresh) {
        page_free(fresh, 0);
    }
    return done || *again ? 0 : -XEN_EINVAL;
}

/* Adds a page to the event array, and raises the events that were waiting for a word in this page.
 * -EOPNOTSUPP: the domain has no queues; -ENOSPC: the array has all its pages. */
static s64 give_page(struct domain *domain, event_word_t *page)
{
    struct fifo *fifo = domain->events.fifo;

    if (!fifo) {
        return -XEN_EOPNOTSUPP;
    }
    if (fifo->pages == FIFO_PAGES_MAX) {
        return -XEN_ENOSPC;
    }
    u32 first = fifo->pages * FIFO_WORDS_A_PAGE;
    fifo->array[fifo->pages++] = page;
    for (u32 port = first; port < first + FIFO_WORDS_A_PAGE && port < domain->events.top; port++) {
        struct channel *channel = table_find(&domain->events, port);
        if (!channel || !channel->waits) {
            continue;
        }
        channel->waits = false;
        fifo_raise(domain, channel, port);
    }
    return 0;
}

s64 event_expand_array(struct domain *domain, const struct evtchn_expand_array *ask, bool *again)
{
    if (!__atomic_load_n(&domain->events.fifo, __ATOMIC_RELAXED)) {
        return -XEN_EOPNOTSUPP;
    }
    event_word_t *page = hold(domain, ask->array_gfn, again);
    if (!page) {
        return *again ? 0 : -XEN_EINVAL;
    }
    tables_take(domain, NULL);
    s64 result = give_page(domain, page);
    tables_release(domain, NULL);
    if (result) {
        vmmu_unhold(mfn(ask->array_gfn));
    }
    return result;
}

s64 event_set_priority(struct domain *domain, const struct evtchn_set_priority *ask)
{
    s64 result = 0;

    tables_take(domain, NULL);
    struct channel *channel = table_find(&domain->events, ask->port);
    if (!channel) {
        result = -XEN_EINVAL;
    } else if (!domain->events.fifo) {
        result = -XEN_ENOSYS;
    } else if (ask->priority > EVTCHN_FIFO_PRIORITY_MIN) {
        result = -XEN_EINVAL;
    } else {
        channel->priority = (u8)ask->priority; /* used when the port is linked the next time */
    }
    tables_release(domain, NULL);
    return result;
}

void fifo_free(struct fifo *fifo)
{
    for (u32 i = 0; i < fifo->pages; i++) {
        vmmu_unhold(frame_of_view(fifo->array[i]));
    }
    for (u32 i = 0; i < FIFO_VCPUS_MAX; i++) {
        if (fifo->vcpu[i].control) {
            vmmu_unhold(frame_of_view(fifo->vcpu[i].control));
        }
    }
    page_free(fifo, 0);
}

u32 events_held(const struct domain *domain, mfn_t *list)
{
    const struct fifo *fifo = domain->events.fifo;
    u32 count = 0;

    if (!fifo) {
        return 0;
    }
    for (u32 i = 0; i < fifo->pages; i++) {
        list[count++] = frame_of_view(fifo->array[i]);
    }
    for (u32 i = 0; i < FIFO_VCPUS_MAX; i++) {
        if (fifo->vcpu[i].control) {
            list[count++] = frame_of_view(fifo->vcpu[i].control);
        }
    }
    return count;
}
