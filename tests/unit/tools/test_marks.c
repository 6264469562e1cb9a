/* SPDX-License-Identifier: MIT */
/* Proves that a mark is met when a line begins with its text, in any pieces in which that
 * arrives, once, and by nothing else. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "tools/marks.h"

static bool take(struct marks *marks, const char *text)
{
    return marks_take(marks, (const uint8_t *)text, strlen(text));
}

static void at_the_beginning_of_a_line(void **state)
{
    struct marks marks = {.count = 2, .mark = {{.path = "a", .text = "ready"}, {.path = "b"}}};
    (void)state;

    assert_true(marks_at_end(&marks));
    assert_false(take(&marks, "command line: ready\n"));
    assert_false(take(&marks, "rea\nrea"));
    assert_false(marks.mark[0].met);
    assert_true(take(&marks, "dy, steady"));
    assert_true(marks.mark[0].met);
    assert_false(take(&marks, "\nready\n"));
    assert_false(marks.mark[1].met);
}

static void long_lines(void **state)
{
    char text[MARK_TEXT_MAX + 1];
    struct marks marks = {.count = 1, .mark = {{.path = "a", .text = text}}};
    (void)state;

    assert_false(marks_at_end(&marks));
    memset(text, 'x', MARK_TEXT_MAX);
    text[MARK_TEXT_MAX] = 0;
    for (unsigned i = 0; i + 1 < MARK_TEXT_MAX; i++) {
        assert_false(take(&marks, "x"));
    }
    assert_true(take(&marks, "xx"));
    marks.mark[0].met = false;
    assert_false(take(&marks, text));
    assert_false(take(&marks, "\n"));
    assert_true(take(&marks, text));
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(at_the_beginning_of_a_line),
        cmocka_unit_test(long_lines),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
