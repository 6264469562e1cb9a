/* SPDX-License-Identifier: MIT */
/* Events on the bare machine: there are none, and interrupts stay off. */
#include "guest/event.h"
#include "guest/error.h"
#include "guest/kernel.h"

long event_bind_virq(unsigned virq, event_handler *handler)
{
    (void)virq;
    (void)handler;
    return -XEN_ENOSYS;
}

long event_bind_ipi(unsigned cpu, event_handler *handler)
{
    (void)cpu;
    (void)handler;
    return -XEN_ENOSYS;
}

long event_allocate(u16 remote_domain, event_handler *handler)
{
    (void)remote_domain;
    (void)handler;
    return -XEN_ENOSYS;
}

long event_bind_interdomain(u16 remote_domain, unsigned remote_port, event_handler *handler)
{
    (void)remote_domain;
    (void)remote_port;
    (void)handler;
    return -XEN_ENOSYS;
}

int event_send(unsigned port)
{
    (void)port;
    return -XEN_ENOSYS;
}

int event_close(unsigned port)
{
    (void)port;
    return -XEN_ENOSYS;
}

void event_mask(unsigned port)
{
    (void)port;
}

int event_unmask(unsigned port)
{
    (void)port;
    return -XEN_ENOSYS;
}

bool event_poll(void)
{
    return false;
}

void event_wait(void)
{
}

/* Ticks of the time-stamp counter instead of nanoseconds: its frequency is not measured. */
u64 clock_now(void)
{
    return read_tsc();
}

int clock_alarm(u64 at)
{
    (void)at;
    return -XEN_ENOSYS;
}
