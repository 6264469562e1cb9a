/* SPDX-License-Identifier: MIT */
/* The end of a kernel that has failed. */
#include "guest/kernel.h"
#include "guest/console.h"

void panic(const char *format, ...)
{
    __builtin_va_list arguments;

    __builtin_va_start(arguments, format);
    print_arguments(format, arguments);
    __builtin_va_end(arguments);
    print("\nTest result: ERROR\n");
    kernel_stop();
}
