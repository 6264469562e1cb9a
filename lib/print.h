/* SPDX-License-Identifier: MIT */
/* Formatting without a C library: %d %u %x %c %s %p, width, 0, -, l/ll/z, and %%. */
#ifndef LIB_PRINT_H
#define LIB_PRINT_H

#include <stdarg.h>
#include "lib/types.h"

/* As snprintf and vsnprintf: always terminated when size > 0, returns the full length. */
int print_to(char *buffer, u64 size, const char *format, ...) __attribute__((format(printf, 3, 4)));
int print_to_v(char *buffer, u64 size, const char *format, va_list arguments);

#endif
