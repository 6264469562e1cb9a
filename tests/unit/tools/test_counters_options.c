/* SPDX-License-Identifier: MIT */
/* Proves that the command lines of `pinion stat`, `top` and `metrics` are read as --help says, and
 * that what is wrong is refused in a sentence that names it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "tools/counters_options.h"

#define WORDS(...) (char *[]){__VA_ARGS__}, sizeof((char *[]){__VA_ARGS__}) / sizeof(char *)

static struct counters_options options;
static struct failure failure;

static bool reads(enum counters_command command, char **words, size_t count)
{
    failure.sentence[0] = 0;
    return counters_options_read(&options, command, (int)count, words, &failure);
}

static void expect_refusal(enum counters_command command, char **words, size_t count,
                           const char *part)
{
    assert_false(reads(command, words, count));
    if (!strstr(failure.sentence, part)) {
        fail_msg("no '%s' in '%s'", part, failure.sentence);
    }
}

static void defaults_are_those_of_the_help(void **state)
{
    (void)state;
    assert_true(reads(COMMAND_STAT, WORDS("web")));
    assert_string_equal(options.domain, "web");
    assert_int_equal(options.seconds, 1);
    assert_int_equal(options.stat_by, STAT_TIME);
    assert_true(reads(COMMAND_TOP, NULL, 0));
    assert_int_equal(options.seconds, 3);
    assert_int_equal(options.top_by, TOP_CPU);
    assert_false(options.once);
    assert_true(reads(COMMAND_TOP, WORDS("--once")));
    assert_int_equal(options.seconds, 1);
    assert_true(reads(COMMAND_METRICS, NULL, 0));
    assert_int_equal(options.format, METRICS_OPENMETRICS);
    assert_false(options.listen || options.measure);
}

static void options_are_taken_in_each_form(void **state)
{
    (void)state;
    assert_true(reads(COMMAND_STAT, WORDS("-t", "5", "web", "--sort=mean")));
    assert_int_equal(options.seconds, 5);
    assert_int_equal(options.stat_by, STAT_MEAN);
    assert_true(reads(COMMAND_TOP, WORDS("--sort", "mem-share", "--delay=2", "--once")));
    assert_int_equal(options.top_by, TOP_MEM_SHARE);
    assert_int_equal(options.seconds, 2);
    assert_true(reads(COMMAND_METRICS, WORDS("--listen", "[::1]:9200", "--measure")));
    assert_true(options.listen && options.measure);
    assert_string_equal(options.address.host, "::1");
    assert_true(reads(COMMAND_METRICS, WORDS("--format", "prometheus")));
    assert_int_equal(options.format, METRICS_PROMETHEUS);
    assert_true(reads(COMMAND_STAT, WORDS("--help")));
    assert_true(options.help);
}

static void what_is_wrong_is_named(void **state)
{
    (void)state;
    expect_refusal(COMMAND_STAT, NULL, 0, "a DOMAIN is missing");
    expect_refusal(COMMAND_STAT, WORDS("a", "b"), "b is one word too many");
    expect_refusal(COMMAND_TOP, WORDS("a"), "a is one word too many");
    expect_refusal(COMMAND_STAT, WORDS("a", "-t"), "-t needs a value");
    expect_refusal(COMMAND_STAT, WORDS("a", "-t", "0"), "seconds from 1 to 86400");
    expect_refusal(COMMAND_STAT, WORDS("a", "--time=x"), "--time x: not a number");
    expect_refusal(COMMAND_STAT, WORDS("a", "--sort", "cpu"), "no such column");
    expect_refusal(COMMAND_STAT, WORDS("a", "--once"), "unknown option --once");
    expect_refusal(COMMAND_TOP, WORDS("--sort", "time"), "no such column");
    expect_refusal(COMMAND_TOP, WORDS("--once=1"), "--once has no value");
    expect_refusal(COMMAND_TOP, WORDS("--listen", "1"), "unknown option --listen");
    expect_refusal(COMMAND_METRICS, WORDS("--measure"), "--measure needs --listen");
    expect_refusal(COMMAND_METRICS, WORDS("--format", "json"), "openmetrics and prometheus");
    expect_refusal(COMMAND_METRICS, WORDS("--listen", "host:80"), "host is not an IP address");
    expect_refusal(COMMAND_METRICS, WORDS("--listen="), "does not end with a port");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(defaults_are_those_of_the_help),
        cmocka_unit_test(options_are_taken_in_each_form),
        cmocka_unit_test(what_is_wrong_is_named),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
