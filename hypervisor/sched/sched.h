/* SPDX-License-Identifier: MIT */
/* The scheduler: which vCPU a CPU runs next. One run queue a CPU, round robin by time slice; a vCPU
 * that gave up its CPU early may use the rest of its slice ahead of the others when it wakes.
 *
 * Locks: cpu->run_lock (rank 30) guards the queue, `chosen` and the states of that CPU's vCPUs. */
#ifndef SCHED_SCHED_H
#define SCHED_SCHED_H

#include "lib/types.h"

struct vcpu;
struct domain;

#define SCHED_SLICE_NS 10000000ull

/* Makes a vCPU runnable if it is blocked or polling, and has its CPU look at it if it runs. Any
 * CPU, any state. */
void sched_wake(struct vcpu *vcpu);

/* First run, or VCPUOP_up. Any CPU. */
void sched_add(struct vcpu *vcpu);

/* It is not chosen any more (domain end, VCPUOP_down); a CPU that runs it is told. Any CPU, more
 * than once too. */
void sched_remove(struct vcpu *vcpu);

/* True from when it is neither queued nor loaded on any CPU after sched_remove. */
bool sched_stopped(const struct vcpu *vcpu);

/* Its processor state is saved, and off this CPU. */
void sched_left(struct vcpu *vcpu);

/* The domain has ended: every CPU that runs it is told. */
void sched_kick_domain(struct domain *domain);

/* SCHEDOP_block: sleeps unless an upcall is due (the caller has unmasked). SCHEDOP_yield: to the
 * end of the queue. SCHEDOP_poll: sleeps until a port of poll_ports is pending (checked here), an
 * upcall is due, or `timeout` (0: none). All for the current vCPU; they take effect in the run
 * loop. */
void sched_block(struct vcpu *vcpu);
void sched_give_way(struct vcpu *vcpu);
void sched_poll(struct vcpu *vcpu, u64 timeout);

/* The vCPU that this CPU should run now; NULL: idle. Keeps the current one till its slice ends.
 * Updates runstates and `slice_end`. The caller has not switched yet: what it
 * chose before is still loaded. */
struct vcpu *sched_choose(void);

/* Keeps vcpu->runstate; the registered area is marked stale. */
void sched_runstate(struct vcpu *vcpu, int state);

/* Writes the current vCPU's stale runstate area, where its kernel's address space is loaded. Before
 * each entry to a guest that finds `areas_stale` set. */
void sched_refresh_areas(struct vcpu *vcpu);

#endif
