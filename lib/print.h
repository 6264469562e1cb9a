/* SPDX-License-Identifier: MIT */
/* Formats text without a C library: the conversions %d %i %u %x %X %c %s %p and %%, with the flags
 * 0,
 * - and # (0x), a width (also *), the lengths hh h l ll z, and for %s a precision (also *). */
#ifndef LIB_PRINT_H
#define LIB_PRINT_H

#include <stdarg.h>
#include "lib/types.h"

/* Writes formatted text to a buffer of `size` bytes, as snprintf does: cut off if it does not fit,
 * and ended by 0 if `size` is not 0. Returns the length of the whole text. */
int print_to(char *buffer, u64 size, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* As print_to, with the arguments in a list. */
int print_to_v(char *buffer, u64 size, const char *format, va_list arguments)
    __attribute__((format(printf, 3, 0)));

#endif
