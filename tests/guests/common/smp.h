/* SPDX-License-Identifier: MIT */
/* Several vCPUs: each runs the same C function, on its own stack, in the start-of-day root.
 *
 * A race is a function that every vCPU repeats; where it should meet the others it calls
 * smp_jitter. Waiting yields the CPU, so that it also works on one CPU. Traps: only page faults of
 * smp_read and smp_write are caught; every other trap ends the test, as it does on vCPU 0. */
#ifndef GUESTS_SMP_H
#define GUESTS_SMP_H

#include <stdatomic.h>

#include "tests/guests/common/time.h"

#define SMP_MAX 8u

typedef void smp_work(unsigned self);

/* Returns how many vCPUs the guest has, at most SMP_MAX. */
unsigned smp_count(void);

/* Starts vCPUs 1 to `count` - 1, which then wait for work; skips the test if there are too few. */
void smp_start(unsigned count);

/* Makes a first state for `vcpu`: it runs function() in kernel mode on a stack of its own, with
 * events masked. For tests that start vCPUs themselves. */
void smp_context(struct vcpu_guest_context *context, unsigned vcpu, void (*function)(void));

/* Every started vCPU, and vCPU 0, runs work(its number). Returns when all have finished. */
void smp_run(smp_work *work);

/* Repeats smp_run for the given time. On a slow machine it continues until `enough` says that the
 * claim has been tested, at most for half a minute. NULL: any time is enough. */
void smp_race(smp_work *work, unsigned milliseconds, bool (*enough)(void));

/* ---- on each vCPU ---- */

unsigned smp_self(void);
struct vcpu_info *smp_info(void); /* the vCPU's vcpu_info in shared_info */
u64 smp_now(void);

/* Waits until every vCPU that runs the work has called this. */
void smp_barrier(void);

/* Waits for a random time: not at all, briefly, or until the scheduler has chosen again. */
void smp_jitter(void);

/* Returns a number below `limit` from this vCPU's own random sequence. */
u32 smp_below(u32 limit);

/* One access of eight bytes. Returns false if it faulted. */
bool smp_write(volatile void *at, u64 value);
bool smp_read(const volatile void *at, u64 *value);

/* Reads the rights of a descriptor by LAR; the processor may have to fetch it from a page of the
 * LDT. Returns 0 if it cannot be loaded. */
bool smp_selector(u64 selector, u64 *rights);

#endif
