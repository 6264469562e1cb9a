/* SPDX-License-Identifier: MIT */
/* Operations on event channels, one request each, with the result of the call; and the guest side
 * of the FIFO queues. */
#ifndef GUESTS_EVENT_H
#define GUESTS_EVENT_H

#include "tests/guests/common/guest.h"

#define FIFO_MASKED  (1u << EVTCHN_FIFO_MASKED)
#define FIFO_PENDING (1u << EVTCHN_FIFO_PENDING)
#define FIFO_LINKED  (1u << EVTCHN_FIFO_LINKED)

long port_send(evtchn_port_t port);

long port_unmask(evtchn_port_t port);

long port_close(evtchn_port_t port);

/* Takes all ports off a vCPU's FIFO queues. head: the next port of each queue, or 0 if the control
 * block names it. word_of: returns the event word of a port. on_event: called for each port that is
 * pending and not masked, after its pending bit is cleared. */
void fifo_take(struct evtchn_fifo_control_block *block, u32 *head,
               volatile u32 *(*word_of)(evtchn_port_t), void (*on_event)(evtchn_port_t));

#endif
