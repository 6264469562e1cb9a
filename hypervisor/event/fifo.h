/* SPDX-License-Identifier: MIT */
/* The FIFO ABI: a word a port in an array of the guest's pages, and for each vCPU and priority a
 * queue of pending ports, linked through their words. For event/ only; event_channels.lock is held
 * but for fifo_free.
 *
 * The guest takes ports off at the head, at any time; the hypervisor appends at the tail, which
 * only it knows. It never follows a link: what a guest writes there misleads itself alone. */
#ifndef EVENT_FIFO_H
#define EVENT_FIFO_H

#include "hypervisor/event/channel.h"

#define FIFO_WORDS_A_PAGE (PAGE_SIZE / sizeof(event_word_t))
#define FIFO_PAGES_MAX    (EVTCHN_FIFO_NR_CHANNELS / FIFO_WORDS_A_PAGE)
#define FIFO_VCPUS_MAX    (EVENTS_HELD_MAX - FIFO_PAGES_MAX)

/* One vCPU's. */
struct fifo_queues {
    struct evtchn_fifo_control_block *control; /* in a held page; NULL: not given yet */
    u16 tail[EVTCHN_FIFO_MAX_QUEUES];          /* appended last; 0: nothing yet */
};

struct fifo {
    u32 pages;
    event_word_t *array[FIFO_PAGES_MAX]; /* held pages */
    struct fifo_queues vcpu[FIFO_VCPUS_MAX];
};

/* Marks the port pending and links it, unless it is masked or linked already. True: it was not
 * pending. */
bool fifo_raise(struct domain *domain, struct channel *channel, u32 port);

/* Takes the mask off; a pending port (of a channel; NULL: none) is linked. */
void fifo_unmask(struct domain *domain, struct channel *channel, u32 port);

/* Whether the port is pending. Any port; `channel` NULL: not in use. */
bool fifo_pending(const struct fifo *fifo, const struct channel *channel, u32 port);

/* Whether the guest has not taken the port off its queue yet. Any port. */
bool fifo_linked(const struct fifo *fifo, u32 port);

/* The port is pending no more. It stays linked till the guest takes it off. */
void fifo_forget(struct fifo *fifo, struct channel *channel, u32 port);

/* Lets go of the guest's pages. Nobody else knows `fifo` any more. */
void fifo_free(struct fifo *fifo);

#endif
