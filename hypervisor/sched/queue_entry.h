/* SPDX-License-Identifier: MIT */
/* What the scheduler keeps for each vCPU. */
#ifndef SCHED_QUEUE_ENTRY_H
#define SCHED_QUEUE_ENTRY_H

#include <stdatomic.h>

#include "lib/types.h"

struct cpu;
struct vcpu;

/* A vCPU's part of the run queue; guarded by the lock of its home CPU's queue, but for `home`. */
struct queue_entry {
    _Atomic(struct cpu *) home; /* the CPU in whose queue it waits or from whose queue it was chosen
                                   last; NULL: never runnable so far */
    struct vcpu *next;
    u64 cpus;   /* bit N: CPU N may run this vCPU */
    u64 ran;    /* CPU time in ns, raised by queue_limit_lag; orders the vCPUs of one domain, as
                   virtual time orders domains */
    bool waits; /* true while it is in the queue */
    bool yielded;
};

#endif
