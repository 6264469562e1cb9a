/* SPDX-License-Identifier: MIT */
/* Compares what the engine has with what the oracle has, and ends the program on a difference. */
#ifndef TESTS_MODEL_COMPARE_H
#define TESTS_MODEL_COMPARE_H

#include "tests/model/oracle.h"

/* Compares the results of one operation, and how often engine and oracle could have been
 * interrupted in it. */
void compare_answer(const struct model_op *op, enum vmmu_result expected, enum vmmu_result result,
                    u64 answer);

/* To be called after a load or store by a guest of `domain`. Checks that nothing changed that may
 * not, and copies the change into the oracle. */
void compare_access(const struct model_op *op, u32 domain, bool stored);

/* Compares everything. Some checks are made only every so many operations: `operation` counts
 * them. */
void compare_all(u64 operation);

/* Prints the whole of what both have. */
void compare_print(void);

_Noreturn void compare_fail(const char *what, u64 where, u64 expected, u64 found);

#endif
