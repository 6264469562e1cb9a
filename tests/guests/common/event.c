/* SPDX-License-Identifier: MIT */
/* Operations on event channels, one request each, with the result of the call; and the guest side
 * of the FIFO queues. */
#include "tests/guests/common/event.h"

#define FIFO_LINK ((u32)EVTCHN_FIFO_LINK_MASK)

long port_send(evtchn_port_t port)
{
    struct evtchn_send request = {.port = port};

    return event_channel_op(EVTCHNOP_send, &request);
}

long port_unmask(evtchn_port_t port)
{
    struct evtchn_unmask request = {.port = port};

    return event_channel_op(EVTCHNOP_unmask, &request);
}

long port_close(evtchn_port_t port)
{
    struct evtchn_close request = {.port = port};

    return event_channel_op(EVTCHNOP_close, &request);
}

void fifo_take(struct evtchn_fifo_control_block *block, u32 *head,
               volatile u32 *(*word_of)(evtchn_port_t), void (*on_event)(evtchn_port_t))
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
            on_event(port);
        }
        ready |= __atomic_exchange_n(&block->ready, 0, __ATOMIC_SEQ_CST);
    }
}
