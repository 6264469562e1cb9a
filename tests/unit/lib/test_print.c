/* SPDX-License-Identifier: MIT */
/* Proves that lib/print prints what printf prints, and never writes beyond its buffer. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "lib/print.h"

#define SAME(...)                                                                                  \
    do {                                                                                           \
        char ours[200], theirs[200];                                                               \
        int our_length = print_to(ours, sizeof ours, __VA_ARGS__);                                 \
        int their_length = snprintf(theirs, sizeof theirs, __VA_ARGS__);                           \
        assert_string_equal(ours, theirs);                                                         \
        assert_int_equal(our_length, their_length);                                                \
    } while (0)

static void numbers_as_printf(void **unused)
{
    (void)unused;
    SAME("%d %d %d %i", 0, -1, 2147483647, -2147483647 - 1);
    SAME("%ld %lld %ld", -9223372036854775807L - 1, 9223372036854775807LL, 0L);
    SAME("%u %lu %zu", 4294967295u, ~0ul, sizeof(int));
    SAME("%x %X %lx", 0xdeadbeefu, 0xdeadbeefu, 0x123456789abcdef0ul);
    SAME("%hhu %hd %hhx", (unsigned char)200, (short)-3, (unsigned char)0xff);
    SAME("%p", (void *)0x1234);
    SAME("%#x %#llx %#x", 0x12u, 0xffff800000000000ull, 0u);
}

static void fields_as_printf(void **unused)
{
    (void)unused;
    SAME("[%5d] [%-5d] [%05d] [%5d]", 42, 42, -42, -42);
    SAME("[%016llx] [%8x] [%-8x] [%#06x]", 0xabcull, 0xabcu, 0xabcu, 0xabu);
    SAME("[%10s] [%-10s] [%.3s] [%.*s] [%*s]", "text", "text", "text", 2, "text", -8, "text");
    SAME("[%3c] [%-3c] 100%%", 'a', 'b');
    SAME("[%2d] [%1x]", 12345, 0x12345u);
}

static void the_buffer_ends_the_text(void **unused)
{
    char buffer[8];

    (void)unused;
    memset(buffer, '#', sizeof buffer);
    assert_int_equal(print_to(buffer, 5, "%s", "longer than that"), 16);
    assert_memory_equal(buffer, "long\0###", 8);
    assert_int_equal(print_to(buffer, 5, "abcd"), 4);
    assert_string_equal(buffer, "abcd");
    assert_int_equal(print_to(NULL, 0, "%d", 123), 3);
    assert_int_equal(print_to(buffer, 1, "%d", 123), 3);
    assert_string_equal(buffer, "");
}

static void a_missing_string_is_said(void **unused)
{
    const char *volatile none = NULL;
    char buffer[16];

    (void)unused;
    print_to(buffer, sizeof buffer, "%s", none);
    assert_string_equal(buffer, "(null)");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_as_printf),
        cmocka_unit_test(fields_as_printf),
        cmocka_unit_test(the_buffer_ends_the_text),
        cmocka_unit_test(a_missing_string_is_said),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
