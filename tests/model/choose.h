/* SPDX-License-Identifier: MIT */
/* Random operations that are nearly valid most of the time: the chooser reads the oracle. */
#ifndef TESTS_MODEL_CHOOSE_H
#define TESTS_MODEL_CHOOSE_H

#include "tests/model/oracle.h"

void choose_seed(u64 seed);

/* A number below `n`. */
u32 choose_below(u32 n);

/* Returns true in `percent` of all calls. */
bool choose_percent(u32 percent);

/* False for an entry that makes it unlikely that frame `m`, no table now, can become one. */
bool choose_is_sound(const struct oracle *o, u32 m, u32 index);

/* An address in the vCPU's kernel root, mapped most of the time. */
u64 choose_address(const struct oracle *o, u32 vcpu);

/* Returns an operation for one of the two domains that live, `domains`; 0: that one does not.
 * `seats`: the same, and what is being torn down. */
struct model_op choose_operation(const struct oracle *o, const u32 domains[2], const u32 seats[2]);

#endif
