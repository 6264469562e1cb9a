/* SPDX-License-Identifier: MIT */
/* Claims of a kernel that tests the library. A claim that does not hold is printed, with its line,
 * and counted. */
#ifndef GUEST_KERNELS_CLAIM_H
#define GUEST_KERNELS_CLAIM_H

#include "guest/console.h"

static unsigned failures;

#define claim(condition, ...)                                                                      \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            print("Wrong (line %d): ", __LINE__);                                                  \
            print(__VA_ARGS__);                                                                    \
            print("\n");                                                                           \
            failures++;                                                                            \
        }                                                                                          \
    } while (0)

#endif
