/* SPDX-License-Identifier: MIT */
/* Copies of the whole world, to return to it. No CPU may use a root when one is taken or
 * restored. */
#ifndef TESTS_MODEL_SNAPSHOT_H
#define TESTS_MODEL_SNAPSHOT_H

#include "tests/model/world.h"

struct snapshot {
    struct oracle oracle;
    struct vmmu_domain domain[ORACLE_DOMAINS];
    struct vmmu_vcpu vcpu[ORACLE_VCPUS];
    u64 words[ORACLE_FRAMES][2]; /* the engine's two words of each frame */
};

void snapshot_take(struct snapshot *s);
void snapshot_restore(const struct snapshot *s);

/* Returns a hash of the world's state. States that no operation can distinguish have the same
 * hash. */
u64 snapshot_hash(void);

/* Takes exactly frame `m` out of the machine's allocator. */
void snapshot_allocate(u32 m);

#endif
