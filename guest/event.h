/* SPDX-License-Identifier: MIT */
/* Events: what a hypervisor has in place of interrupts, and the clock. The bare machine's backend
 * has none: -XEN_ENOSYS.
 *
 * The kernel runs with events masked. Handlers run on the CPU that an event is for, in event_poll
 * and event_wait, one after the other. When an event comes while a user runs, user_run returns with
 * VECTOR_EVENT, and its caller calls event_poll. */
#ifndef GUEST_EVENT_H
#define GUEST_EVENT_H

#include "lib/types.h"

typedef void event_handler(unsigned port);

/* New ports, unmasked, or a negative error. A handler may be NULL. */
long event_bind_virq(unsigned virq, event_handler *handler);    /* for this CPU */
long event_bind_ipi(unsigned cpu, event_handler *handler);      /* that CPU is sent to */
long event_allocate(u16 remote_domain, event_handler *handler); /* the other side binds it */
long event_bind_interdomain(u16 remote_domain, unsigned remote_port, event_handler *handler);

int event_send(unsigned port);
int event_close(unsigned port);
void event_mask(unsigned port);
int event_unmask(unsigned port);

/* Runs the handlers of what is pending for this CPU. True: there was something. */
bool event_poll(void);

/* Waits until something was pending. */
void event_wait(void);

/* Nanoseconds since some moment in the past; and when this CPU's VIRQ_TIMER comes next. */
u64 clock_now(void);
int clock_alarm(u64 at);

#endif
