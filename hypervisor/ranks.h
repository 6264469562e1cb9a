/* SPDX-License-Identifier: MIT */
/* The order of the hypervisor's locks: a CPU that holds one takes only such as stand further down.
 *
 * Two of the same rank: events of two domains in the order of their numbers, queues of two CPUs in
 * the order of theirs. Whoever waits for a lock serves meanwhile the flushes that others wait for
 * (cpu/flush.h), so a lock may be held while a flush is waited for. Where interrupts are let in
 * (port_should_stop), where a guest is entered, and where CPUs are held still (cpu/hold.h), none is
 * held but those that are only ever tried. */
#ifndef HYPERVISOR_RANKS_H
#define HYPERVISOR_RANKS_H

enum rank {
    RANK_TEARDOWN,   /* domain/domain.h: who takes a domain apart; only tried */
    RANK_INITIALISE, /* vcpu/vcpu.h: who gives a vCPU its first state; only tried */
    RANK_DOMAIN,     /* domain/domain.h */
    RANK_GRANTS,     /* grant/grant.h: a granter's table */
    RANK_HANDLES,    /* grant/grant.h: a mapper's handles */
    RANK_TIMERS,     /* time/timer.h: a CPU's */
    RANK_EVENTS,     /* event/channel.h: a domain's */
    RANK_QUEUE,      /* sched/queue.h: a CPU's */
    RANK_CONSOLE,    /* console/guest_console.h: a guest's ring */
    RANK_PORT,       /* console/guest_console.c: COM2 */
    RANK_MAP,        /* memory/map.c: the hypervisor's own page tables */
    RANK_FRAMES,     /* memory/frames.c: the allocator */
    RANK_LOG,        /* log/log.c: COM1 */
};

#endif
