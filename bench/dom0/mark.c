/* SPDX-License-Identifier: MIT */
/* mark NUMBER [PROGRAM]: executes a marker (bench/markers.h), and then the program. It is the first
 * process of dom0 and of its guest, and a command in their scripts. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "bench/markers.h"

/* clang-format off */
#define NUMBERS NUMBER(0) NUMBER(1) NUMBER(2) NUMBER(3) NUMBER(4) NUMBER(5) NUMBER(6) NUMBER(7) \
    NUMBER(8) NUMBER(9)
/* clang-format on */

int main(int count, char **words)
{
    switch (count > 1 ? atoi(words[1]) : -1) {
#define NUMBER(n)                                                                                  \
    case n:                                                                                        \
        mark(n);                                                                                   \
        break;
        NUMBERS
    default:
        return fprintf(stderr, "usage: mark NUMBER [PROGRAM]\n"), 2;
    }
    if (count > 2) {
        execv(words[2], words + 2);
        perror(words[2]);
        return 1;
    }
    return 0;
}
