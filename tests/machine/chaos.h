/* SPDX-License-Identifier: MIT */
/* A guest that makes random requests at random times, from a seed. The audit is what judges the
 * result. */
#ifndef TESTS_MACHINE_CHAOS_H
#define TESTS_MACHINE_CHAOS_H

#include "tests/machine/guest.h"

#define CHAOS_FRAMES 40u

/* What all vCPUs of the guest share. */
struct chaos_pool {
    mfn_t frame[CHAOS_FRAMES];
    mfn_t foreign, shared;
};

/* One vCPU of the guest. */
struct chaos {
    struct chaos_pool *pool;
    struct vmmu_vcpu *vcpu;
    u64 random;
    bool alone; /* one thread does everything: this vCPU may also use the fake CPUs and release
                   frames */
    u64 done[VMMU_RESULTS]; /* how often each result was returned */
};

void chaos_start(struct chaos_pool *pool);

/* Performs one random operation. */
void chaos_step(struct chaos *chaos);

#endif
