/* SPDX-License-Identifier: MIT */
/* Short stories of the advisories, as operations for the world. */
#ifndef TESTS_MODEL_SCENARIO_H
#define TESTS_MODEL_SCENARIO_H

#include "tests/model/oracle.h"

#define ACTS_MAX 24u

/* vCPUs 0, 1, 4 and 5 are domain 1's, 2 and 3 domain 2's. */
struct scenario {
    const char *name;
    void (*write)(void); /* prepares the world, then says the acts */
    bool l1tf;
};

extern const struct scenario scenarios[];
extern const u32 scenario_count;

extern struct model_op act[ACTS_MAX];
extern u32 acts;

#endif
