/* SPDX-License-Identifier: MIT */
/* A machine of several CPUs on a pretended clock that runs the real scheduler: each CPU calls it on
 * a stack of its own (this_cpu() looks at the stack pointer), one event after the other. What runs
 * are tasks, one a vCPU: they spin, or work for a while and sleep for a while. Every step is
 * checked: see check_all. */
#ifndef UNIT_SCHED_SIMULATION_H
#define UNIT_SCHED_SIMULATION_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "hypervisor/memory/guest_copy.h"
#include "hypervisor/cpu/apic.h"
#include "hypervisor/cpu/cpu.h"
#include "hypervisor/domain/domain.h"
#include "hypervisor/event/channel.h"
#include "hypervisor/sched/sched.h"
#include "hypervisor/time/clock.h"
#include "tests/unit/sched/stack.h"

#define MS      1000000ull
#define US      1000ull
#define SECOND  1000000000ull
#define CPUS    64u
#define DOMAINS 32u
#define VCPUS   8u
#define NEVER   (~0ull)

struct task {
    u64 work, sleep; /* ns; sleep 0: it spins */
    u64 left;        /* of the work at hand */
    u64 wake_at;     /* NEVER: it does not sleep */
    u64 woken_at;    /* NEVER: it has run since */
    u64 used, worst; /* CPU time; the longest from a wake-up to its run */
    u64 moves;
    u64 passed_over; /* since then it waits although a CPU idles that may run it; NEVER: no */
    bool port;
    struct cpu *last;
};

struct sim {
    u32 cpus, domains;
    u64 now, random;
    u64 sends, passes;
    bool choosy;                /* there are caps or affinities */
    u64 idle[CPUS];             /* ns */
    struct vcpu *leaving[CPUS]; /* left for `current`, but its state is not saved yet */
    struct domain domain[DOMAINS];
    struct vcpu vcpu[DOMAINS][VCPUS];
    struct task task[DOMAINS][VCPUS];
};

extern struct sim sim;

struct task *task_of(const struct vcpu *vcpu);

/* Calls function(vcpu) as CPU `cpu`. */
void on_cpu(struct cpu *cpu, void (*function)(struct vcpu *), struct vcpu *vcpu);

u64 random_below(u64 limit);

struct cpu *any_cpu(void);

/* A domain of `vcpus`, down. */
struct domain *add_domain(u32 vcpus, u32 weight, u32 cap);

/* The same, whose vCPUs are up and spin. */
struct domain *add_spinners(u32 vcpus, u32 weight, u32 cap);

/* One vCPU that works and sleeps in turn. */
struct domain *add_sleeper(u32 weight, u64 work, u64 sleep);

void restart(u32 cpus);

/* The first half of a pass through the run loop of a CPU: what it had is still loaded. */
void choose(struct vcpu *unused);

void leave(struct cpu *cpu);

void settle(void);

/* At any moment, one vCPU: runs on one CPU at most, which may run it; is loaded there, or where it
 * ran before, and nowhere else; waits in one queue at most, its home's; and is chosen or waits
 * when it wants to run. */
void check_vcpu(const struct vcpu *vcpu);

void check_all(void);

/* Time goes by; who is due to choose again is told. */
void pass_time(u64 ns);

void run_for(u64 ns);

u64 used_by(const struct domain *domain);

/* Forgets what was used so far. */
void count_from_here(void);

#endif
