/* SPDX-License-Identifier: MIT */
/* The whole world, put aside and put back. No CPU uses a root meanwhile. */
#ifndef TESTS_MODEL_SNAPSHOT_H
#define TESTS_MODEL_SNAPSHOT_H

#include "tests/model/world.h"

struct snapshot {
    struct oracle oracle;
    struct vmmu_domain domain[ORACLE_DOMAINS];
    struct vmmu_vcpu vcpu[ORACLE_VCPUS];
    u64 words[ORACLE_FRAMES][2]; /* the engine's, of each frame */
};

void snapshot_take(struct snapshot *s);
void snapshot_restore(const struct snapshot *s);

/* A number for the state, the same for states that nothing can tell apart. */
u64 snapshot_hash(void);

/* Takes exactly frame `m` out of the machine's allocator. */
void snapshot_allocate(u32 m);

#endif
