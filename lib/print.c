/* SPDX-License-Identifier: MIT */
/* Formats text without a C library. */
#include "lib/print.h"

struct output {
    char *buffer;
    u64 size;   /* bytes in the buffer */
    u64 length; /* length of the whole text, with the part that did not fit into the buffer */
};

/* What stands between the % and the letter of a conversion. */
struct conversion {
    bool zero, left, prefixed; /* the flags 0, - and # */
    u32 width;
    s64 precision; /* most characters of a text; -1: no limit */
    u32 bytes;     /* size of an integer argument */
};

static void put(struct output *output, char c)
{
    if (output->length + 1 < output->size) {
        output->buffer[output->length] = c;
    }
    output->length++;
}

static void put_times(struct output *output, char c, u64 count)
{
    while (count--) {
        put(output, c);
    }
}

/* Puts a prefix and a text, padded to the width of the field: blanks stand before the prefix or
 * behind the text, zeroes between prefix and text. */
static void put_field(struct output *output, const struct conversion *field, const char *prefix,
                      const char *text, u64 length)
{
    u64 prefix_length = 0;
    while (prefix[prefix_length]) {
        prefix_length++;
    }
    u64 total = prefix_length + length;
    u64 padding = field->width > total ? field->width - total : 0;
    bool zeroes = field->zero && !field->left;

    if (!field->left && !zeroes) {
        put_times(output, ' ', padding);
    }
    for (u64 i = 0; i < prefix_length; i++) {
        put(output, prefix[i]);
    }
    if (zeroes) {
        put_times(output, '0', padding);
    }
    for (u64 i = 0; i < length; i++) {
        put(output, text[i]);
    }
    if (field->left) {
        put_times(output, ' ', padding);
    }
}

static void put_number(struct output *output, const struct conversion *field, const char *prefix,
                       u64 value, u32 base, bool capitals)
{
    const char *digits = capitals ? "0123456789ABCDEF" : "0123456789abcdef";
    char text[20];
    u32 at = sizeof text;

    do {
        text[--at] = digits[value % base];
        value /= base;
    } while (value);
    put_field(output, field, prefix, text + at, sizeof text - at);
}

static void put_string(struct output *output, struct conversion *field, const char *text)
{
    u64 length = 0;

    if (!text) {
        text = "(null)";
    }
    while ((field->precision < 0 || length < (u64)field->precision) && text[length]) {
        length++;
    }
    field->zero = false;
    put_field(output, field, "", text, length);
}

/* Returns the lowest `bytes` bytes of an unsigned value. */
static u64 cut(u64 value, u32 bytes)
{
    return bytes == 8 ? value : value & ((1ull << (8 * bytes)) - 1);
}

/* Returns the lowest `bytes` bytes of a signed value, sign-extended. */
static s64 cut_signed(s64 value, u32 bytes)
{
    u32 shift = 64 - 8 * bytes;
    return (s64)((u64)value << shift) >> shift;
}

/* Reads the decimal number at *at and moves *at behind it. */
static u32 read_number(const char **at)
{
    u32 value = 0;

    while (**at >= '0' && **at <= '9') {
        value = value * 10 + (u32)(*(*at)++ - '0');
    }
    return value;
}

/* Reads the length modifiers at *at and moves *at behind them. Returns the size of the argument. */
static u32 read_length(const char **at)
{
    u32 bytes = 4;

    for (;; (*at)++) {
        if (**at == 'l' || **at == 'z') {
            bytes = 8;
        } else if (**at == 'h') {
            bytes = bytes == 2 ? 1 : 2;
        } else {
            return bytes;
        }
    }
}

/* A va_list that can be passed by pointer, which a va_list parameter cannot portably. */
struct arguments {
    va_list list;
};

/* Reads flags, width and precision at *at and moves *at behind them. */
static void read_field(const char **at, struct conversion *field, struct arguments *arguments)
{
    for (;; (*at)++) {
        if (**at == '0') {
            field->zero = true;
        } else if (**at == '-') {
            field->left = true;
        } else if (**at == '#') {
            field->prefixed = true;
        } else {
            break;
        }
    }
    if (**at == '*') {
        int width = va_arg(arguments->list, int);
        field->left |= width < 0;
        field->width = width < 0 ? 0u - (u32)width : (u32)width;
        (*at)++;
    } else {
        field->width = read_number(at);
    }
    if (**at != '.') {
        return;
    }
    (*at)++;
    if (**at == '*') {
        field->precision = va_arg(arguments->list, int);
        (*at)++;
    } else {
        field->precision = read_number(at);
    }
}

static void put_signed(struct output *output, const struct conversion *field, s64 value)
{
    put_number(output, field, value < 0 ? "-" : "", value < 0 ? 0 - (u64)value : (u64)value, 10,
               false);
}

/* Puts one conversion. at: the character behind its '%'. Returns where the format continues. */
static const char *convert(struct output *output, const char *at, struct arguments *arguments)
{
    struct conversion field = {.precision = -1};
    char c;

    read_field(&at, &field, arguments);
    field.bytes = read_length(&at);
    switch (*at) {
    case 'd':
    case 'i':
        put_signed(output, &field,
                   field.bytes == 8 ? va_arg(arguments->list, s64)
                                    : cut_signed(va_arg(arguments->list, int), field.bytes));
        break;
    case 'u':
    case 'x':
    case 'X': {
        u64 value = field.bytes == 8 ? va_arg(arguments->list, u64)
                                     : cut(va_arg(arguments->list, unsigned int), field.bytes);
        put_number(output, &field, field.prefixed && value && *at != 'u' ? "0x" : "", value,
                   *at == 'u' ? 10 : 16, *at == 'X');
        break;
    }
    case 'p':
        put_number(output, &field, "0x", (u64)va_arg(arguments->list, void *), 16, false);
        break;
    case 'c':
        c = (char)va_arg(arguments->list, int);
        field.zero = false;
        put_field(output, &field, "", &c, 1);
        break;
    case 's':
        put_string(output, &field, va_arg(arguments->list, const char *));
        break;
    case '%':
        put(output, '%');
        break;
    case 0:
        return at; /* the format ends within the conversion */
    default:
        put(output, '%');
        put(output, *at);
        break;
    }
    return at + 1;
}

int print_to_v(char *buffer, u64 size, const char *format, va_list list)
{
    struct output output = {.buffer = buffer, .size = size};
    struct arguments arguments;

    va_copy(arguments.list, list);
    while (*format) {
        if (*format == '%') {
            format = convert(&output, format + 1, &arguments);
        } else {
            put(&output, *format++);
        }
    }
    va_end(arguments.list);
    if (size) {
        buffer[output.length < size ? output.length : size - 1] = 0;
    }
    return (int)output.length;
}

int print_to(char *buffer, u64 size, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    int length = print_to_v(buffer, size, format, arguments);
    va_end(arguments);
    return length;
}
