/* SPDX-License-Identifier: MIT */
/* The scheduler: which vCPU a CPU runs next.
 *
 * Every CPU has a queue of the vCPUs that wait for it. It runs, for one slice at a time, a vCPU of
 * the domain with the least virtual time (share.h); of the vCPUs of one domain, the one that has
 * run least. A vCPU that wakes is queued on the CPU that it ran on last if that is idle, else on
 * another idle CPU, else on one where it preempts, else where it ran last. An idle CPU pulls vCPUs
 * from other queues; a CPU whose slice has ended pulls one that is behind its own by more than a
 * slice.
 *
 * What a domain gets: while several domains want the same CPUs, CPU time in proportion to their
 * weights, however many vCPUs they have; less if a domain has too few vCPUs or CPUs for that, or is
 * capped. A vCPU that wakes and is behind by share_preempts_ns preempts, but not at once the one
 * that has woken it by an event; a domain that sleeps so
 * often that it uses less than its share therefore gets a CPU when it wakes.
 *
 * Locks: see queue.h. */
#ifndef SCHED_SCHED_H
#define SCHED_SCHED_H

#include "hypervisor/xen.h"
#include "lib/types.h"

struct cpu;
struct domain;
struct vcpu;

#define SCHED_SLICE_NS 10000000ull

/* Makes the queue of a CPU ready and empty. Call it before any other function for that CPU, on any
 * CPU, before that CPU runs. */
void sched_start_cpu(struct cpu *cpu);

/* Sets the domain's weight (0 counts as 1) and cap (percent of one CPU; 0: none). Call it before
 * the domain's first vCPU is added. */
void sched_start_domain(struct domain *domain, u32 weight, u32 cap);

/* Changes the weight (1 to 65535) and the cap of a domain that may be running: each CPU chooses
 * again. May be called on any CPU. */
void sched_set_share(struct domain *domain, u32 weight, u32 cap);

/* Sets how far a vCPU that wakes must be behind to preempt, in ns, for all domains. */
void sched_set_preempts(u64 ns);

/* How long the CPU has run no vCPU since it started, ns. Takes the lock of its queue. */
u64 sched_idle_time(const struct cpu *cpu);

/* Sets the CPUs that may run a vCPU (bit N: CPU N), before the vCPU is added. False: none of them
 * is online; then all online CPUs may run it. */
bool sched_start_vcpu(struct vcpu *vcpu, u64 cpus);

/* Changes the CPUs that may run a vCPU, at any time; one of them is online. If the vCPU runs on
 * another CPU or waits for one, it leaves that CPU soon. */
void sched_set_cpus(struct vcpu *vcpu, u64 cpus);

/* Makes a vCPU runnable if it is blocked or polling; if it runs on another CPU, kicks that CPU so
 * that it checks for events. May be called on any CPU for a vCPU in any state, with locks up to
 * RANK_EVENTS held. */
void sched_wake(struct vcpu *vcpu);

/* Says that the current vCPU begins, or has ended, to send an event to another domain. A vCPU that
 * sched_wake wakes in between, on this CPU, does not preempt the sender before that has run for the
 * rate limit (share_preempts_ns). */
void sched_notifies(bool notifies);

/* Makes a vCPU runnable that is down: for its first run, or VCPUOP_up. May be called on any CPU. */
void sched_add(struct vcpu *vcpu);

/* Takes a vCPU down (VCPUOP_down, or its domain has ended). May be called on any CPU; if the vCPU
 * is loaded on another CPU, that CPU leaves it at its next pass through the run loop. */
void sched_remove(struct vcpu *vcpu);

/* sched_hold stops the vCPUs of a domain that has come to be held (domain_is_held): a CPU that has
 * one loaded leaves it at its next pass through the run loop. sched_release, when the domain is no
 * longer held, queues those that are runnable. */
void sched_hold(struct domain *domain);
void sched_release(struct domain *domain);

/* True when the vCPU is down and no CPU has its state loaded. */
bool sched_stopped(const struct vcpu *vcpu);

/* Kicks every CPU that has a vCPU of the domain loaded: for a domain that has ended, or whose
 * vm_assist has changed. */
void sched_kick_domain(const struct domain *domain);

/* Kicks an idle CPU other than this one, if there is one: for work that idle CPUs do. */
void sched_kick_idle(void);

/* True when this CPU, which becomes or is idle, may keep the state of `vcpu` in its registers: the
 * vCPU may run here again, and no operation waits until it is saved. An operation that begins to
 * wait for that (a domain is held, a vCPU is taken down or gets another set of CPUs) kicks the CPU
 * that has the vCPU loaded. */
bool sched_may_park(const struct vcpu *vcpu);

/* Called when this CPU has saved the state of `vcpu`, which it no longer runs: from now on other
 * CPUs may run it. */
void sched_left(struct vcpu *vcpu);

/* All three are for the current vCPU and take effect in the run loop. sched_block (SCHEDOP_block):
 * sleeps unless an upcall or an NMI is due; the caller has unmasked upcalls. sched_poll
 * (SCHEDOP_poll): sleeps until one of poll_ports is pending, which is checked here, an upcall or an
 * NMI is due, or system time reaches `timeout` (0: never). sched_give_way (SCHEDOP_yield): lets
 * another vCPU that waits for this CPU run first, if there is one, even one with more virtual
 * time. */
void sched_block(struct vcpu *vcpu);
void sched_give_way(struct vcpu *vcpu);
void sched_poll(struct vcpu *vcpu, u64 timeout);

/* Chooses the vCPU that this CPU should run now, and updates runstates. NULL: idle. The caller
 * switches to it, calls sched_left for the vCPU that was loaded before, and chooses again at
 * sched_slice_end. */
struct vcpu *sched_choose(void);

/* The system time at which this CPU must choose again at the latest, idle or not. 0: no limit. */
u64 sched_slice_end(void);

/* Copies the vCPU's runstate, up to date, with its padding cleared. May be called on any CPU; takes
 * the lock of its home's queue. */
void sched_read_runstate(struct vcpu *vcpu, struct vcpu_runstate_info *runstate);

/* The CPU time that the vCPUs of the domain have had, in ns. The vCPUs must exist. As
 * sched_read_runstate. */
u64 sched_domain_time(const struct domain *domain);

/* Changes the vCPU's runstate to `state` (RUNSTATE_*) at system time `now`, counts the time spent
 * in the old one, and marks the copy in the guest's memory stale, if there is one. The caller holds
 * the lock of its home's queue. */
void sched_runstate(struct vcpu *vcpu, int state, u64 now);

/* Writes the runstate of the current vCPU to the copy in the guest's memory, if that is stale and
 * the vCPU is in kernel mode, in whose address space the copy lies. A copy that cannot be written
 * is left as it is. Call it before each entry to a guest that has `runstate_stale` set. */
void sched_refresh_areas(struct vcpu *vcpu);

/* Locks the queue of the vCPU's home, which guards the scheduler's data of the vCPU, and returns
 * that CPU. The vCPU must have a home: it was added once (sched_add). */
struct cpu *sched_lock_home(struct vcpu *vcpu);

#endif
