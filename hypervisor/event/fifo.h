/* SPDX-License-Identifier: MIT */
/* The FIFO event ABI: one event word for each port, in an array of the guest's pages, and for each
 * vCPU and priority a queue of pending ports, linked through their words.
 *
 * The guest removes ports at the head, at any time; the hypervisor appends at the tail and keeps
 * the tail's number to itself. The hypervisor never follows a link, so wrong links harm only the
 * guest that wrote them.
 *
 * For event/ only. The caller holds event_channels.lock, except for fifo_free. */
#ifndef EVENT_FIFO_H
#define EVENT_FIFO_H

#include "hypervisor/event/channel.h"

#define FIFO_WORDS_A_PAGE (PAGE_SIZE / sizeof(event_word_t))
#define FIFO_PAGES_MAX    (EVTCHN_FIFO_NR_CHANNELS / FIFO_WORDS_A_PAGE)
#define FIFO_VCPUS_MAX    (EVENTS_HELD_MAX - FIFO_PAGES_MAX)

/* The queues of one vCPU. */
struct fifo_queues {
    struct evtchn_fifo_control_block
        *control; /* in a page of the guest on which there is a hold; NULL: not given yet */
    u16 tail[EVTCHN_FIFO_MAX_QUEUES]; /* by priority, the port that was appended last; 0: none */
};

struct fifo {
    u32 pages;
    event_word_t
        *array[FIFO_PAGES_MAX]; /* views of guest pages on which there is a hold; `pages` of them */
    struct fifo_queues vcpu[FIFO_VCPUS_MAX];
};

/* Marks the port pending, and links it unless it is masked or linked already. If the guest has
 * given no array page for the port, channel->waits records the event instead. True: it was not
 * pending before. */
bool fifo_raise(struct domain *domain, struct channel *channel, u32 port);

/* Clears the port's mask bit, and links the port if it is pending; no effect if the guest has given
 * no array page for it. `channel`: the port's channel; NULL: the port is not in use and is never
 * linked. */
void fifo_unmask(struct domain *domain, struct channel *channel, u32 port);

/* True when the port is pending. `port`: any number; `channel`: NULL if the port is not in use. */
bool fifo_pending(const struct fifo *fifo, const struct channel *channel, u32 port);

/* True when the port is linked in a queue, where it stays until the guest takes it off. `port`: any
 * number. */
bool fifo_linked(const struct fifo *fifo, u32 port);

/* Clears the port's pending state. The port stays linked until the guest takes it off its queue. */
void fifo_clear_pending(struct fifo *fifo, struct channel *channel, u32 port);

/* Frees the queues and drops the holds on the guest's pages. No pointer to `fifo` may be left in a
 * domain. */
void fifo_free(struct fifo *fifo);

#endif
