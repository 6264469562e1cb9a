/* SPDX-License-Identifier: MIT */
/* Several vCPUs: each runs the same C function, on its own stack, in the start-of-day root.
 *
 * A race is a function that every vCPU does over and over; where it likes to meet the others it
 * calls smp_jitter. Waiting gives the CPU away, so that all of it works on one CPU too. Traps: only
 * page faults of smp_read and smp_write are caught; every other trap ends the test, as it does on
 * vCPU 0. */
#ifndef GUESTS_SMP_H
#define GUESTS_SMP_H

#include <stdatomic.h>

#include "tests/guests/common/time.h"

#define SMP_MAX 8u

typedef void smp_work(unsigned self);

/* How many vCPUs the guest has, at most SMP_MAX. */
unsigned smp_count(void);

/* Starts vCPUs 1 to `count` - 1, which then wait for work; skips the test if there are too few. */
void smp_start(unsigned count);

/* A first state for `vcpu`: function() in ring 0 as the guest sees it, on a stack of its own,
 * events masked. For tests that start vCPUs by themselves. */
void smp_context(struct vcpu_guest_context *context, unsigned vcpu, void (*function)(void));

/* Every vCPU that was started runs work(its number); returns when all have. */
void smp_run(smp_work *work);

/* The same, over and over, for so long; and longer, on a machine that is slow, until `enough` says
 * that what is claimed has been tried, or half a minute has gone. NULL: any time is enough. */
void smp_race(smp_work *work, unsigned milliseconds, bool (*enough)(void));

/* ---- on each vCPU ---- */

unsigned smp_self(void);
struct vcpu_info *smp_info(void); /* in shared_info */
u64 smp_now(void);

/* Waits until every vCPU that runs the work has come here. */
void smp_barrier(void);

/* Gives the others a chance, for no time, a short time or a turn of the scheduler, as it falls. */
void smp_jitter(void);

/* A number below `limit`, of a sequence of this vCPU's. */
u32 smp_below(u32 limit);

/* One access of eight bytes; false: it faulted. */
bool smp_write(volatile void *at, u64 value);
bool smp_read(const volatile void *at, u64 *value);

/* A look at a descriptor, which the processor may have to fetch from a page of the LDT: its rights
 * as LAR has them, 0 for one that is not good. */
bool smp_selector(u64 selector, u64 *rights);

#endif
