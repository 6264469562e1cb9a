/* SPDX-License-Identifier: MIT */
/* Events, which a hypervisor has in place of interrupts, and the clock. The native backend has no
 * events: its functions return -XEN_ENOSYS.
 *
 * The kernel runs with events masked. Handlers run in event_poll and event_wait, one after the
 * other, on the CPU to which an event is sent. An event that arrives while a user program runs
 * makes user_run return with VECTOR_EVENT; its caller then calls event_poll. */
#ifndef GUEST_EVENT_H
#define GUEST_EVENT_H

#include "lib/types.h"

/* A handler gets the number of the port on which the event arrived. */
typedef void event_handler(unsigned port);

/* The functions that make a port return its number, greater than 0, or a negative error. The port
 * is unmasked. `handler` is called for its events; NULL: they are dropped. */

/* Makes a port for the virtual interrupt `virq` of this CPU. */
long event_bind_virq(unsigned virq, event_handler *handler);

/* Makes a port by which any CPU can send an event to CPU `cpu`. */
long event_bind_ipi(unsigned cpu, event_handler *handler);

/* Makes a port that domain `remote_domain` may connect to with event_bind_interdomain. */
long event_allocate(u16 remote_domain, event_handler *handler);

/* Makes a port and connects it to port `remote_port`, which `remote_domain` has allocated for us.
 */
long event_bind_interdomain(u16 remote_domain, unsigned remote_port, event_handler *handler);

/* Sends an event to the other end of a port. */
int event_send(unsigned port);

/* Closes a port; its handler is called no more. */
int event_close(unsigned port);

/* Masks a port: its events stay pending and do not reach the handler. */
void event_mask(unsigned port);

/* Unmasks a port; an event that became pending meanwhile is delivered. */
int event_unmask(unsigned port);

/* Calls the handlers of this CPU's pending events. Returns whether there were any. */
bool event_poll(void);

/* Blocks this CPU until an event was pending for it; the event's handler has then been called. The
 * native backend returns immediately. */
void event_wait(void);

/* Returns the time in nanoseconds since a fixed moment in the past; with the native backend, in
 * ticks of the time-stamp counter. */
u64 clock_now(void);

/* Makes VIRQ_TIMER arrive on this CPU at time `at` (as clock_now counts), and at no other time
 * after event_bind_virq for it. A CPU has one alarm: a new one replaces the old. */
int clock_alarm(u64 at);

#endif
