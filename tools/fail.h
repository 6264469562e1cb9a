/* SPDX-License-Identifier: MIT */
/* What went wrong, as one sentence: filled where it is noticed, printed once by main. */
#ifndef TOOLS_FAIL_H
#define TOOLS_FAIL_H

#include <stdbool.h>

struct failure {
    char sentence[1024];
};

/* Writes the sentence and returns false, so that a caller can `return refuse(...)`. */
bool refuse(struct failure *failure, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Allocate or end the program: a host that has no memory left is not worth a sentence each time. */
void *grow(void *memory, unsigned long size);
char *copy_text(const char *text);

#endif
