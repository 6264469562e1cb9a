/* SPDX-License-Identifier: MIT */
/* Failures as sentences, and allocation that ends the program instead of failing.
 */
#include "tools/fail.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool refuse(struct failure *failure, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(failure->sentence, sizeof(failure->sentence), format, arguments);
    va_end(arguments);
    return false;
}

void *grow(void *memory, unsigned long size)
{
    void *grown = realloc(memory, size ? size : 1);

    if (!grown) {
        fprintf(stderr, "pinion: out of memory (%lu bytes were needed)\n", size);
        exit(3);
    }
    return grown;
}

char *copy_text(const char *text)
{
    unsigned long size = strlen(text) + 1;

    return memcpy(grow(NULL, size), text, size);
}
