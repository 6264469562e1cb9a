/* SPDX-License-Identifier: MIT */
/* A machine of several CPUs with a simulated clock, on which the real scheduler runs: each CPU
 * calls it on a stack of its own (this_cpu() uses the stack pointer), one event after the other. A
 * vCPU runs a task that either spins, or works and sleeps in turn. Every step is checked: see
 * check_all. */
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
    u64 work, sleep; /* ns of each; sleep 0: the task spins */
    u64 left;        /* ns of the present piece of work that remain */
    u64 wake_at;     /* ns; NEVER: the task does not sleep */
    u64 woken_at;    /* ns; NEVER: it has run since its wake-up */
    u64 used, worst; /* CPU time; the longest time from a wake-up until the vCPU ran */
    u64 moves;
    /* Since when it waits although a CPU that may run it is idle; NEVER: it does not. */
    u64 passed_over;
    bool port;
    struct cpu *last;
};

struct sim {
    u32 cpus, domains;
    u64 now, random;
    u64 sends, passes;
    bool choosy;    /* some vCPU has a cap or an affinity */
    u64 idle[CPUS]; /* ns that each CPU was idle */
    /* The vCPU that gave way to `current` and whose state is not saved yet. */
    struct vcpu *leaving[CPUS];
    struct domain domain[DOMAINS];
    struct vcpu vcpu[DOMAINS][VCPUS];
    struct task task[DOMAINS][VCPUS];
};

extern struct sim sim;

struct task *task_of(const struct vcpu *vcpu);

/* Calls function(vcpu) on the stack of CPU `cpu`. */
void on_cpu(struct cpu *cpu, void (*function)(struct vcpu *), struct vcpu *vcpu);

u64 random_below(u64 limit);

struct cpu *any_cpu(void);

/* Adds a domain with `vcpus` vCPUs, which are down. */
struct domain *add_domain(u32 vcpus, u32 weight, u32 cap);

/* Adds a domain with `vcpus` vCPUs, which are up and spin. */
struct domain *add_spinners(u32 vcpus, u32 weight, u32 cap);

/* Adds a domain with one vCPU, which works and sleeps in turn (ns each). */
struct domain *add_sleeper(u32 weight, u64 work, u64 sleep);

void restart(u32 cpus);

/* The first part of a CPU's pass through the run loop: it chooses a vCPU, and the vCPU that it ran
 * before is still loaded. */
void choose(struct vcpu *unused);

void leave(struct cpu *cpu);

void settle(void);

/* Asserts what holds of a vCPU at any moment: it runs on at most one CPU, which may run it; it is
 * loaded there, or where it ran before, and on no other CPU; it waits in at most one queue, that of
 * its home CPU; if it wants to run, it is chosen or waits. */
void check_vcpu(const struct vcpu *vcpu);

void check_all(void);

/* Advances the clock, and kicks each CPU whose time to choose again has come. */
void pass_time(u64 ns);

void run_for(u64 ns);

u64 used_by(const struct domain *domain);

/* Sets all counters of used time to zero. */
void count_from_here(void);

#endif
