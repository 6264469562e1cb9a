/* SPDX-License-Identifier: MIT */
/* Prints formatted text on the console. */
#include "guest/console.h"
#include "lib/print.h"

void print_arguments(const char *format, __builtin_va_list arguments)
{
    char text[512];
    int length = print_to_v(text, sizeof text, format, arguments);

    console_write(text, length < (int)sizeof text ? (size_t)length : sizeof text - 1);
}

void print(const char *format, ...)
{
    __builtin_va_list arguments;

    __builtin_va_start(arguments, format);
    print_arguments(format, arguments);
    __builtin_va_end(arguments);
}
