/* SPDX-License-Identifier: MIT */
/* A guest that does anything at any time, by a seed: for tests whose judge is the audit. */
#ifndef TESTS_MACHINE_CHAOS_H
#define TESTS_MACHINE_CHAOS_H

#include "tests/machine/guest.h"

#define CHAOS_FRAMES 40u

/* What all of its vCPUs share. */
struct chaos_pool {
    mfn_t frame[CHAOS_FRAMES];
    mfn_t foreign, shared;
};

/* One vCPU of it. */
struct chaos {
    struct chaos_pool *pool;
    struct vmmu_vcpu *vcpu;
    u64 random;
    bool alone; /* it may also use the fake CPUs, and release frames: one thread does everything */
    u64 done[VMMU_RESULTS]; /* how often each result came */
};

void chaos_start(struct chaos_pool *pool);

/* One operation. */
void chaos_step(struct chaos *chaos);

#endif
