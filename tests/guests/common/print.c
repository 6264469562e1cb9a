/* SPDX-License-Identifier: MIT */
/* print: %s %c %d %u %x with l, width and leading zero. And the few string functions. */
#include "tests/guests/common/guest.h"

void *memset(void *to, int byte, size_t count)
{
    void *result = to;

    __asm__ volatile("rep stosb" : "+D"(to), "+c"(count) : "a"(byte) : "memory");
    return result;
}

void *memcpy(void *to, const void *from, size_t count)
{
    void *result = to;

    __asm__ volatile("rep movsb" : "+D"(to), "+S"(from), "+c"(count)::"memory");
    return result;
}

int memcmp(const void *a, const void *b, size_t count)
{
    const u8 *x = a, *y = b;

    for (size_t i = 0; i < count; i++)
        if (x[i] != y[i])
            return x[i] - y[i];
    return 0;
}

size_t strlen(const char *text)
{
    size_t length = 0;

    while (text[length])
        length++;
    return length;
}

bool starts_with(const char *text, const char *prefix)
{
    return !memcmp(text, prefix, strlen(prefix));
}

struct line {
    char text[256];
    size_t length;
};

static void put(struct line *line, char c)
{
    if (line->length == sizeof line->text) {
        console_write(line->text, line->length);
        line->length = 0;
    }
    line->text[line->length++] = c;
}

static void put_number(struct line *line, u64 value, unsigned base, unsigned width, char pad)
{
    char digits[24];
    unsigned count = 0;

    do {
        digits[count++] = "0123456789abcdef"[value % base];
        value /= base;
    } while (value);
    while (width > count) {
        put(line, pad);
        width--;
    }
    while (count)
        put(line, digits[--count]);
}

static void put_signed(struct line *line, s64 value, unsigned width, char pad)
{
    if (value < 0) {
        put(line, '-');
        value = -value;
    }
    put_number(line, (u64)value, 10, width, pad);
}

static void put_string(struct line *line, const char *text)
{
    while (*text)
        put(line, *text++);
}

void print_arguments(const char *format, __builtin_va_list arguments)
{
    struct line line = {.length = 0};

    for (; *format; format++) {
        unsigned width = 0;
        bool is_long = false;
        char pad = ' ';

        if (*format != '%') {
            put(&line, *format);
            continue;
        }
        if (*++format == '0')
            pad = '0';
        while (*format >= '0' && *format <= '9')
            width = width * 10 + (unsigned)(*format++ - '0');
        while (*format == 'l') {
            is_long = true;
            format++;
        }
        if (*format == 's')
            put_string(&line, __builtin_va_arg(arguments, const char *));
        else if (*format == 'c')
            put(&line, (char)__builtin_va_arg(arguments, int));
        else if (*format == 'd')
            put_signed(&line,
                       is_long ? __builtin_va_arg(arguments, long)
                               : __builtin_va_arg(arguments, int),
                       width, pad);
        else if (*format == 'u' || *format == 'x')
            put_number(&line,
                       is_long ? __builtin_va_arg(arguments, unsigned long)
                               : __builtin_va_arg(arguments, unsigned),
                       *format == 'x' ? 16 : 10, width, pad);
        else
            put(&line, *format);
    }
    console_write(line.text, line.length);
}

void print(const char *format, ...)
{
    __builtin_va_list arguments;

    __builtin_va_start(arguments, format);
    print_arguments(format, arguments);
    __builtin_va_end(arguments);
}
