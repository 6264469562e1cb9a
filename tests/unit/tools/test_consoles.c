/* SPDX-License-Identifier: MIT */
/* Proves that the command takes the guests' consoles out of the stream as lib/handoff.h frames
 * them: byte for byte with one guest, in whole lines with names with several, wherever the stream
 * is cut. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "tools/consoles.h"

static const struct guests one = {1, {{.name = "only"}}};
static const struct guests three = {3, {{.name = "a"}, {.name = "bb"}, {.name = "c"}}};

/* Feeds `wire` in pieces of `piece` bytes, and asserts what is printed. */
static void expect(const struct guests *guests, const char *wire, size_t size, const char *shown,
                   size_t shown_size)
{
    size_t piece, at;

    for (piece = 1; piece <= size; piece++) {
        struct consoles consoles;
        struct buffer out = {0};

        consoles_start(&consoles, guests);
        for (at = 0; at < size; at += piece) {
            consoles_take(&consoles, (const uint8_t *)wire + at,
                          size - at < piece ? size - at : piece, &out);
        }
        consoles_finish(&consoles, &out);
        assert_int_equal(out.size, shown_size);
        assert_memory_equal(out.bytes, shown, shown_size);
        buffer_free(&out);
    }
}

#define EXPECT(guests, wire, shown) expect(guests, wire, sizeof(wire) - 1, shown, sizeof(shown) - 1)

static void one_guest(void **state)
{
    (void)state;
    EXPECT(&one,
           "\x10"
           "Ahello\r\n\0\xff login: ",
           "hello\r\n\0\xff login: ");
    EXPECT(&one, "no prefix at all", "no prefix at all");
    EXPECT(&one,
           "\x10"
           "Aan \x10\x10 escape\x10\x10\x10\x10",
           "an \x10 escape\x10\x10");
}

static void several_guests(void **state)
{
    (void)state;
    EXPECT(&three,
           "\x10"
           "Aone\n\x10"
           "Btwo\n\x10"
           "Cthree\n",
           "a: one\nbb: two\nc: three\n");
    EXPECT(&three,
           "\x10"
           "Ahel\x10"
           "Bwor\x10"
           "Alo\n\x10"
           "Bld\n",
           "a: hello\nbb: world\n");
    EXPECT(&three,
           "\x10"
           "Bfirst\n\x10"
           "Asecond",
           "bb: first\na: second\n");
    EXPECT(&three,
           "\x10"
           "Cx\x10\x10y\n\n",
           "c: x\x10y\nc: \n");
}

static void all_guests_have_ended(void **state)
{
    struct consoles consoles;
    struct buffer out = {0};

    (void)state;
    consoles_start(&consoles, &one);
    consoles_take(&consoles, (const uint8_t *)"!\x10\x10!", 4, &out); /* printed by the guest */
    assert_false(consoles.ended);
    consoles_take(&consoles, (const uint8_t *)"\x10", 1, &out);
    consoles_take(&consoles, (const uint8_t *)"!", 1, &out);
    assert_true(consoles.ended);
    assert_int_equal(out.size, 3);
    consoles_finish(&consoles, &out);
    buffer_free(&out);
}

static void what_the_hypervisor_would_never_send(void **state)
{
    (void)state;
    EXPECT(&three,
           "\x10"
           "Dlost\n\x10\x01x\n",
           "a: lost\na: x\n"); /* there is no such guest: the previous one continues */
    EXPECT(&three, "\x10", "");
    EXPECT(&one,
           "\x10"
           "Bx\x10",
           "x");
}

/* A guest that never ends its line: the memory for it is bounded, and the cut is visible. A line
 * that just fits is not cut. */
static void a_long_line(void **state)
{
    struct consoles consoles;
    struct buffer out = {0};
    size_t i, size = 3000000;
    uint8_t *text;

    (void)state;
    consoles_start(&consoles, &three);
    for (i = 0; i < size / 10; i++) {
        consoles_take(&consoles, (const uint8_t *)"0123456789", 10, &out);
        assert_true(consoles.line[0].room <= 4 * CONSOLES_LINE_MAX);
    }
    assert_int_equal(out.size / (3 + CONSOLES_LINE_MAX + sizeof(CONSOLES_CUT)),
                     size / CONSOLES_LINE_MAX);
    text = out.bytes + 3 + CONSOLES_LINE_MAX; /* 65536 digits: the last one is 5 */
    assert_memory_equal(text - 1, "5" CONSOLES_CUT "\na: 6", 1 + sizeof(CONSOLES_CUT) + 4);
    out.size = 0;
    consoles_take(&consoles, (const uint8_t *)"\n", 1, &out);
    assert_int_equal(out.size, 3 + size % CONSOLES_LINE_MAX + 1);
    consoles_finish(&consoles, &out);
    assert_int_equal(out.size, 3 + size % CONSOLES_LINE_MAX + 1);
    buffer_free(&out);

    text = grow(NULL, CONSOLES_LINE_MAX + 1);
    memset(text, 'x', CONSOLES_LINE_MAX);
    text[CONSOLES_LINE_MAX] = '\n';
    consoles_start(&consoles, &three);
    consoles_take(&consoles, text, CONSOLES_LINE_MAX, &out);
    consoles_take(&consoles, text + CONSOLES_LINE_MAX, 1, &out);
    assert_int_equal(out.size, 3 + CONSOLES_LINE_MAX + 1);
    consoles_finish(&consoles, &out);
    buffer_free(&out);
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_guest),
        cmocka_unit_test(several_guests),
        cmocka_unit_test(all_guests_have_ended),
        cmocka_unit_test(what_the_hypervisor_would_never_send),
        cmocka_unit_test(a_long_line),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
