/* SPDX-License-Identifier: MIT */
/* A guest (domain A) that has FIFO queues, and takes ports off them as the ABI says. */
#ifndef UNIT_EVENT_FIFO_GUEST_H
#define UNIT_EVENT_FIFO_GUEST_H

#include "tests/unit/event/event_world.h"

#define VCPUS   3u
#define PAGES   6u
#define PENDING (1u << EVTCHN_FIFO_PENDING)
#define MASKED  (1u << EVTCHN_FIFO_MASKED)
#define LINKED  (1u << EVTCHN_FIFO_LINKED)
#define OFFSET  128u /* of the control block in its page */

struct guest {
    u32 *array[PAGES];
    u8 *control[VCPUS];
    /* The next port to take; 0: begin with the control block's. */
    u32 head[VCPUS][EVTCHN_FIFO_MAX_QUEUES];
    u32 taken[64], count;
    _Atomic u32 sent[64], seen[64];
};

extern struct guest guest;

u64 frame_number(const void *page);

u32 *word(u32 port);

struct evtchn_fifo_control_block *control(u32 vcpu);

s64 init_at(u64 frame, u32 offset, u32 vcpu);

s64 init_control(u32 vcpu);

s64 expand(u64 frame);

s64 set_priority(u32 port, u32 priority);

s64 move(u32 port, u32 vcpu);

void come_up(void);

int start(void **unused);

int stop(void **unused);

void hear(u32 port);

/* A vCPU's upcall: takes all queued ports, and calls the function for those that are pending and
 * not masked. */
void upcall(u32 vcpu, void (*hears)(u32 port));

#endif
