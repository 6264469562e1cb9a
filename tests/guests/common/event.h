/* SPDX-License-Identifier: MIT */
/* Event channels as a test asks for them, one request each; results are the call's. And the guest's
 * half of the FIFO queues. */
#ifndef GUESTS_EVENT_H
#define GUESTS_EVENT_H

#include "tests/guests/common/guest.h"

#define FIFO_MASKED  (1u << EVTCHN_FIFO_MASKED)
#define FIFO_PENDING (1u << EVTCHN_FIFO_PENDING)
#define FIFO_LINKED  (1u << EVTCHN_FIFO_LINKED)
#define FIFO_LINK    ((u32)EVTCHN_FIFO_LINK_MASK)

static inline long port_send(evtchn_port_t port)
{
    struct evtchn_send request = {.port = port};

    return event_channel_op(EVTCHNOP_send, &request);
}

static inline long port_unmask(evtchn_port_t port)
{
    struct evtchn_unmask request = {.port = port};

    return event_channel_op(EVTCHNOP_unmask, &request);
}

static inline long port_close(evtchn_port_t port)
{
    struct evtchn_close request = {.port = port};

    return event_channel_op(EVTCHNOP_close, &request);
}

/* Takes all ports off a vCPU's queues. head: where each queue goes on, 0: at its control block's;
 * word_of: the word of a port; heard: called for each that is pending and not masked, after its
 * pending bit is cleared. */
static inline void fifo_take(struct evtchn_fifo_control_block *block, u32 *head,
                             volatile u32 *(*word_of)(evtchn_port_t), void (*heard)(evtchn_port_t))
{
    u32 ready = __atomic_exchange_n(&block->ready, 0, __ATOMIC_SEQ_CST);

    while (ready) {
        unsigned queue = (unsigned)__builtin_ctz(ready);
        u32 port =
            head[queue] ? head[queue] : __atomic_load_n(&block->head[queue], __ATOMIC_SEQ_CST);
        volatile u32 *word = word_of(port);
        u32 old = __atomic_fetch_and(word, ~(FIFO_LINKED | FIFO_LINK), __ATOMIC_SEQ_CST);

        head[queue] = old & FIFO_LINK;
        if (!(old & FIFO_LINK)) {
            ready &= ~(1u << queue);
        }
        if (old & FIFO_PENDING && !(old & FIFO_MASKED)) {
            __atomic_fetch_and(word, ~FIFO_PENDING, __ATOMIC_SEQ_CST);
            heard(port);
        }
        ready |= __atomic_exchange_n(&block->ready, 0, __ATOMIC_SEQ_CST);
    }
}

#endif
