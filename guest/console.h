/* SPDX-License-Identifier: MIT */
/* The console: text output. */
#ifndef GUEST_CONSOLE_H
#define GUEST_CONSOLE_H

#include "lib/types.h"

/* Writes `length` bytes to the console. Waits while the console is full. */
void console_write(const char *text, size_t length);

/* Waits until the console's reader has taken all text, or for a limited time if nobody reads. */
void console_flush(void);

/* Prints formatted text on the console, at most 511 characters of it. `format` as for printf, with
 * the conversions that lib/print.h lists. */
void print(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* As print, with the arguments in a list. */
void print_arguments(const char *format, __builtin_va_list arguments)
    __attribute__((format(printf, 1, 0)));

#endif
