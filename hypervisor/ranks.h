/* SPDX-License-Identifier: MIT */
/* The order of the hypervisor's locks. A CPU that holds a lock takes only locks further down this
 * list, or of equal rank as follows. Each comment has the file that declares the lock, and what the
 * lock guards.
 *
 * Locks of equal rank: the event locks of two domains are taken in ascending order of domain id,
 * the queue locks of two CPUs in ascending order of CPU number. A CPU that waits for a lock
 * meanwhile serves the flushes that other CPUs ask of it (cpu/flush.h), so a CPU may wait for a
 * flush while it holds a lock.
 *
 * A CPU holds no lock, except one that is only ever tried (lock_try), where it lets interrupts in
 * (port_should_stop), where it enters a guest, and where it stops for another CPU (cpu/stop.h). */
#ifndef HYPERVISOR_RANKS_H
#define HYPERVISOR_RANKS_H

enum rank {
    RANK_CONTROL,  /* domain/managed.h: one CPU serves a domctl on a domain; call/watch/trace.c: one
                      starts, stops or reads the timeline; only ever tried */
    RANK_TEARDOWN, /* domain/domain.h: one CPU tears a domain down; only ever tried */
    RANK_INITIALISE, /* vcpu/vcpu.h: one CPU gives a vCPU its first state; only ever tried */
    RANK_DOMAIN,     /* domain/domain.h: a domain's data */
    RANK_CLAIMS,     /* domain/claim.c: the claims of all domains */
    RANK_GRANTS,     /* grant/grant.h: a granter's grant table */
    RANK_HANDLES,    /* grant/grant.h: the handles of a mapper */
    RANK_TIMERS,     /* time/timer.h: the timers of a CPU */
    RANK_PIRQS,      /* pirq/pirq.h: which pirqs of a domain are mapped */
    RANK_EVENTS,     /* event/channel.h: the event channels of a domain */
    RANK_QUEUE,      /* sched/queue.h: the run queue of a CPU */
    RANK_PIRQ,       /* pirq/pirq.h: the state of one pirq */
    RANK_LINES,      /* irq/line.c: which vector belongs to which interrupt line */
    RANK_IOAPIC,     /* irq/ioapic.c: the registers of the IO-APICs */
    RANK_TABLES,     /* irq/message_table.c: which MSI-X tables are mapped */
    RANK_PCI,        /* pci/config.c: the configuration space of the PCI devices */
    RANK_CONSOLE,    /* console/guest_console.h: a guest's console ring */
    RANK_PORT,       /* console/: COM2, and the input of COM1 */
    RANK_RIGHTS,     /* domain/rights_frame.c: the ranges of frames that are forbidden */
    RANK_MAP,        /* memory/map.c: the hypervisor's own page tables */
    RANK_VIEWS,      /* memory/view.h: what a domain's view maps */
    RANK_FRAMES,     /* memory/frames.c: the frame allocator */
    RANK_LOG,        /* log/log.c: the log, and COM1's output */
};

#endif
