/* SPDX-License-Identifier: MIT */
/* Proves that the command line of `pinion map` has the meaning that its help states, and that each
 * mistake in it is named. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "tools/map.h"

static struct map_options options;
static struct failure failure;

#define READ(...)                                                                                  \
    map_options_read(&options, (int)(sizeof((char *[]){__VA_ARGS__}) / sizeof(char *)),            \
                     (char *[]){__VA_ARGS__}, &failure)

static void what_is_said(void **state)
{
    (void)state;
    assert_true(map_options_read(&options, 0, NULL, &failure));
    assert_int_equal(options.domain, -1);
    assert_int_equal(options.files, 0);
    assert_true(READ("-o", "x.html", "a", "7", "b", "--text"));
    assert_string_equal(options.output, "x.html");
    assert_string_equal(options.file[0], "a");
    assert_string_equal(options.file[1], "b");
    assert_int_equal(options.domain, 7);
    assert_true(options.text);
    assert_true(READ("--output=-", "--record", "r", "--label=now", "0"));
    assert_string_equal(options.output, "-");
    assert_string_equal(options.record, "r");
    assert_string_equal(options.label, "now");
    assert_int_equal(options.domain, 0);
    assert_true(READ("--", "--text"));
    assert_string_equal(options.file[0], "--text");
    assert_true(READ("--help", "--record", "x", "y"));
    assert_true(options.help);
}

static void mistakes(void **state)
{
    (void)state;
    assert_false(READ("--colour"));
    assert_string_equal(failure.sentence, "map: unknown option --colour; see pinion map --help");
    assert_false(READ("--text=yes"));
    assert_false(READ("a", "-o"));
    assert_string_equal(failure.sentence, "map: --output needs a value");
    assert_false(READ("a", "b", "c"));
    assert_false(READ("1", "2"));
    assert_string_equal(failure.sentence, "map: one DOMAIN at a time (2 is too many)");
    assert_false(READ("a", "--record", "b"));
    assert_false(READ("a", "--label", "b"));
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_said),
        cmocka_unit_test(mistakes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
