/* SPDX-License-Identifier: MIT */
/* The console: text out. */
#ifndef GUEST_CONSOLE_H
#define GUEST_CONSOLE_H

#include "lib/types.h"

void console_write(const char *text, size_t length);

/* Waits until somebody has read it. */
void console_flush(void);

/* As printf, with what lib/print.h knows; at most 511 characters. */
void print(const char *format, ...) __attribute__((format(printf, 1, 2)));
void print_arguments(const char *format, __builtin_va_list arguments)
    __attribute__((format(printf, 1, 0)));

#endif
