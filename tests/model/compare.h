/* SPDX-License-Identifier: MIT */
/* Compares the engine's view of the world with the oracle's, and ends the program on a difference.
 */
#ifndef TESTS_MODEL_COMPARE_H
#define TESTS_MODEL_COMPARE_H

#include "tests/model/oracle.h"

/* The answers to one operation, and how often each was ready to be interrupted. */
void compare_answer(const struct model_op *op, enum vmmu_result expected, enum vmmu_result result,
                    bool swapped);

/* After a guest's own load or store in `domain`: only what may have changed has; and the oracle
 * takes it over. */
void compare_access(const struct model_op *op, u32 domain, bool stored);

/* Everything; the rarer checks by the number of the operation. */
void compare_all(u64 operation);

/* Both views, whole. */
void compare_print(void);

_Noreturn void compare_fail(const char *what, u64 where, u64 expected, u64 found);

#endif
