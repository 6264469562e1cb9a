/* SPDX-License-Identifier: MIT */
/* Placing vCPUs on CPUs: where a vCPU waits, and how idle CPUs get work from other queues. For
 * sched/ only. */
#ifndef SCHED_PLACE_H
#define SCHED_PLACE_H

#include "lib/types.h"

struct cpu;
struct vcpu;

/* Returns the CPU on which a vCPU that becomes runnable should wait: `home` if it is idle; else
 * another idle CPU that may run the vCPU; else `home` or another such CPU on which the vCPU would
 * preempt; else `home`. A `home` that may not run the vCPU is replaced by a CPU that may. Takes no
 * lock and reads only the CPUs' hints, so the answer may be
 * outdated. */
struct cpu *place_for(const struct vcpu *vcpu, struct cpu *home);

/* Returns an online CPU for a vCPU that has not run before, one that may run it; different vCPUs
 * are spread over the CPUs. */
struct cpu *place_first(const struct vcpu *vcpu);

/* Kicks idle CPUs so that each pulls one of the vCPUs that wait on `cpu`, are loaded on no CPU and
 * may run at `now`. The caller holds the lock of that CPU's queue. */
void place_offer(const struct cpu *cpu, u64 now);

/* Moves a vCPU with a virtual time below `than` from another CPU's queue to `cpu`, which may run
 * it, if it is behind the best vCPU of `cpu` by more than a slice, or if `cpu` has none. False:
 * none was found. The caller holds no queue lock. */
bool place_pull(struct cpu *cpu, u64 than, u64 now);

/* Marks an idle CPU as busy with `vcpu` until it chooses again, so that the next vCPU that wakes is
 * placed elsewhere. False: the CPU is not idle. */
bool place_claim(struct cpu *cpu, const struct vcpu *vcpu);

#endif
