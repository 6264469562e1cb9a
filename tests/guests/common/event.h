/* SPDX-License-Identifier: MIT */
/* Event channels as a test asks for them, one request each; results are the call's. And the guest's
 * half of the FIFO queues. */
#ifndef GUESTS_EVENT_H
#define GUESTS_EVENT_H

#include "tests/guests/common/guest.h"

#define FIFO_MASKED  (1u << EVTCHN_FIFO_MASKED)
#define FIFO_PENDING (1u << EVTCHN_FIFO_PENDING)
#define FIFO_LINKED  (1u << EVTCHN_FIFO_LINKED)

long port_send(evtchn_port_t port);

long port_unmask(evtchn_port_t port);

long port_close(evtchn_port_t port);

/* Takes all ports off a vCPU's queues. head: where each queue goes on, 0: at its control block's;
 * word_of: the word of a port; heard: called for each that is pending and not masked, after its
 * pending bit is cleared. */
void fifo_take(struct evtchn_fifo_control_block *block, u32 *head,
               volatile u32 *(*word_of)(evtchn_port_t), void (*heard)(evtchn_port_t));

#endif
