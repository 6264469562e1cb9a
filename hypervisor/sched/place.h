/* SPDX-License-Identifier: MIT */
/* Which CPU a vCPU waits on, and telling CPUs to look. Inside of sched/. */
#ifndef SCHED_PLACE_H
#define SCHED_PLACE_H

#include "lib/types.h"

struct cpu;
struct vcpu;

/* The CPU for a vCPU that becomes runnable: `home` if it idles, else another that idles, else
 * `home` or another where it comes first, else `home`. From hints: no lock. */
struct cpu *place_for(const struct vcpu *vcpu, struct cpu *home);

/* The home of a vCPU that has had none, different for different vCPUs. */
struct cpu *place_first(const struct vcpu *vcpu);

/* Has idle CPUs come for what waits on `cpu`, each for one. Its queue is locked. */
void place_offer(const struct cpu *cpu, u64 now);

/* Brings a vCPU here that waits elsewhere with a virtual time below `than`: one that is owed a
 * slice more than the best one here, or any if there is none here. False: none was found. No lock
 * is held. */
bool place_pull(struct cpu *cpu, u64 than, u64 now);

/* An idle CPU counts as busy with `vcpu` until it has chosen again, so that what wakes next goes
 * elsewhere. False: it does not idle. */
bool place_claim(struct cpu *cpu, const struct vcpu *vcpu);

#endif
