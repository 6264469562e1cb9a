/* SPDX-License-Identifier: MIT */
/* The advisories as short sequences of operations on the model world. */
#ifndef TESTS_MODEL_SCENARIO_H
#define TESTS_MODEL_SCENARIO_H

#include "tests/model/oracle.h"

#define ACTS_MAX 24u

/* One sequence. vCPUs 0, 1, 4 and 5 belong to domain 1, vCPUs 2 and 3 to domain 2. */
struct scenario {
    const char *name;
    void (*write)(void); /* prepares the world, then records the acts */
    bool l1tf;
    bool foreign; /* acts of domain 1 on frames of domain 2, which may die at any of them */
};

extern const struct scenario scenarios[];
extern const u32 scenario_count;

extern struct model_op act[ACTS_MAX];
extern u32 acts;

#endif
