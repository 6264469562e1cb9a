/* SPDX-License-Identifier: MIT */
/* The scheduler: which vCPU a CPU runs next. One run queue a CPU, round robin by time slice. */
#ifndef SCHED_SCHED_H
#define SCHED_SCHED_H

#include "lib/types.h"

struct vcpu;

#define SCHED_SLICE_NS 10000000ull

/* Makes a vCPU runnable if it is blocked or polling. Any CPU. */
void sched_wake(struct vcpu *vcpu);

/* First run, or VCPUOP_up. */
void sched_add(struct vcpu *vcpu);

/* Takes it off its queue for good (domain end, VCPUOP_down). */
void sched_remove(struct vcpu *vcpu);

/* SCHEDOP_block: sleeps unless an upcall is due (the caller has unmasked). SCHEDOP_yield: to the end
 * of the queue. Both for the current vCPU; they take effect in the run loop. */
void sched_block(struct vcpu *vcpu);
void sched_yield(struct vcpu *vcpu);

/* The vCPU that this CPU should run now; NULL: idle. Keeps the current one till its slice ends.
 * Updates runstates and `slice_end`. */
struct vcpu *sched_choose(void);

/* Keeps vcpu->runstate and writes the registered area of the current vCPU if it has one. */
void sched_runstate(struct vcpu *vcpu, int state);

#endif
