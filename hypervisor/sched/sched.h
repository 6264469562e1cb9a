/* SPDX-License-Identifier: MIT */
/* The scheduler: which vCPU a CPU runs next.
 *
 * Every CPU has a queue of the vCPUs that wait for it, and runs the one whose domain is owed most
 * CPU time (share.h), of one domain's the one that ran least, a slice at a time. A vCPU that wakes
 * goes where it last ran if it may run there at once, else to a CPU that idles, else to one where
 * it comes first. A CPU that idles, or whose slice is over, brings over what is owed more than what
 * it has. A CPU that idles is not disturbed for anything else.
 *
 * What a domain gets: as long as several want the same CPUs, CPU time in proportion to their
 * weights, however many vCPUs they have; less if it has too few vCPUs or CPUs for that, or is
 * capped. A vCPU that wakes and is owed SHARE_PREEMPTS_NS takes a CPU at once; a domain that
 * sleeps often enough to use less than its share is owed that.
 *
 * Locks: queue.h. */
#ifndef SCHED_SCHED_H
#define SCHED_SCHED_H

#include "hypervisor/xen.h"
#include "lib/types.h"

struct cpu;
struct domain;
struct vcpu;

#define SCHED_SLICE_NS 10000000ull

/* Before any other: a CPU's queue, empty. By any CPU, before that one runs. */
void sched_start_cpu(struct cpu *cpu);

/* Before its first vCPU is added: its weight (0 counts as 1) and cap (percent of one CPU; 0: none).
 */
void sched_start_domain(struct domain *domain, u32 weight, u32 cap);

/* The same for a vCPU: which CPUs may run it (bit N: CPU N). False: none of them is online, and all
 * may. */
bool sched_start_vcpu(struct vcpu *vcpu, u64 cpus);

/* Makes a vCPU runnable if it is blocked or polling, and has its CPU look at it if it runs. Any
 * CPU, any state; locks up to RANK_EVENTS may be held. */
void sched_wake(struct vcpu *vcpu);

/* First run, or VCPUOP_up: runnable if it is down. Any CPU. */
void sched_add(struct vcpu *vcpu);

/* It runs no more (domain end, VCPUOP_down). Any CPU; if it is loaded on another CPU than this one,
 * that one leaves it soon. */
void sched_remove(struct vcpu *vcpu);

/* True when it is down and no CPU has its processor state any more. */
bool sched_stopped(const struct vcpu *vcpu);

/* Its domain has ended: CPUs that run it are to leave it. */
void sched_kick_domain(const struct domain *domain);

/* This CPU has saved the processor state of `vcpu` and runs it no more: from here on others may. */
void sched_left(struct vcpu *vcpu);

/* SCHEDOP_block: sleeps unless an upcall is due (the caller has unmasked). SCHEDOP_yield: all
 * others that wait for this CPU come first, once. SCHEDOP_poll: sleeps until a port of poll_ports
 * is pending (checked here), an upcall is due, or `timeout` (0: none). All for the current vCPU;
 * they take effect in the run loop. */
void sched_block(struct vcpu *vcpu);
void sched_give_way(struct vcpu *vcpu);
void sched_poll(struct vcpu *vcpu, u64 timeout);

/* The vCPU that this CPU should run now; NULL: idle. Updates runstates. The caller switches to it
 * (sched_left is for what it had before), and asks again at sched_slice_end. */
struct vcpu *sched_choose(void);

/* When this CPU has to choose again at the latest, busy or idle: system time; 0: never. */
u64 sched_slice_end(void);

/* What its guest may know of how its time was spent. Any CPU. */
void sched_read_runstate(struct vcpu *vcpu, struct vcpu_runstate_info *runstate);

/* Keeps vcpu->runstate; the registered area is marked stale. Its home's queue is locked. */
void sched_runstate(struct vcpu *vcpu, int state, u64 now);

/* Writes the current vCPU's stale runstate area, where its kernel's address space is loaded. Before
 * each entry to a guest that finds `areas_stale` set. */
void sched_refresh_areas(struct vcpu *vcpu);

/* The queue that guards what the scheduler keeps of a vCPU, locked: its home's. */
struct cpu *sched_lock_home(struct vcpu *vcpu);

#endif
