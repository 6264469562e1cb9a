/* SPDX-License-Identifier: MIT */
/* Formatting without a C library: %d %i %u %x %X %c %s %p and %%, with width (also *), the flags 0,
 * - and # (0x), the lengths hh h l ll z, and a precision (also *) for %s. */
#ifndef LIB_PRINT_H
#define LIB_PRINT_H

#include <stdarg.h>
#include "lib/types.h"

/* As snprintf and vsnprintf: always terminated when size > 0, returns the full length. */
int print_to(char *buffer, u64 size, const char *format, ...) __attribute__((format(printf, 3, 4)));
int print_to_v(char *buffer, u64 size, const char *format, va_list arguments)
    __attribute__((format(printf, 3, 0)));

#endif
