/* SPDX-License-Identifier: MIT */
/* A failure: one sentence for the user, filled in where the failure is noticed, and printed once,
 * by run. */
#ifndef TOOLS_FAIL_H
#define TOOLS_FAIL_H

#include <stdbool.h>

struct failure {
    char sentence[1024];
};

/* Fills in the sentence. Returns false, so that a caller can write `return refuse(...)`. */
bool refuse(struct failure *failure, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Resizes allocated memory, as realloc does. Ends the program if the host has no memory left. */
void *grow(void *memory, unsigned long size);

/* Returns an allocated copy of a text. Ends the program if the host has no memory left. */
char *copy_text(const char *text);

#endif
