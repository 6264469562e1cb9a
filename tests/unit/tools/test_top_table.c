/* SPDX-License-Identifier: MIT */
/* Proves that the table of domains has the columns of xentop with their values, and rates over the
 * time between two moments, in the order that was asked for. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "tools/top_table.h"

#include "tests/unit/tools/sample_moment.h"

static struct moment now, before;

static int set_up(void **state)
{
    (void)state;
    before = sample_moment();
    now = sample_moment();
    now.at += 2000000000;
    now.domain[0].cpu_time += 3000000000;
    now.domain[1].cpu_time += 500000000;
    now.domain[1].counter[0].count += 50;
    now.domain[1].counter[4].count += 80; /* updates */
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    moment_free(&before);
    moment_free(&now);
    return 0;
}

static void the_table_has_xentops_columns_and_rates(void **state)
{
    static const char expected[] =
        "2 domains: 1 running, 1 blocked, 0 paused, 0 crashed, 0 dying, 0 shutdown\n"
        "Mem: 1024M total, 768M used, 256M free    CPUs: 4 @ 2000MHz\n"
        "NAME              STATE   CPU(sec) CPU(%)     MEM(k) MEM(%)  MAXMEM(k) MAXMEM(%) VCPUS    "
        "EXITS/s  UPDATES/s EMULATED/s PROMOTED/s    REFUSED\n"
        "Domain-0         -----r          8  150.0     524288   50.0   no limit       n/a     2    "
        "      0          0          0          0          0\n"
        "a\\b\"c            --b---          2   25.0     131072   12.5     262144      25.0     1  "
        "  "
        "     25         40          0          0          2\n";
    struct top top = {&now, moment_since(&now, &before)};
    char *text = WRITTEN(top_write(out, &top, TOP_CPU));

    (void)state;
    assert_string_equal(text, expected);
    free(text);
    moment_free(&top.since);
}

static void without_measuring_there_are_no_exits(void **state)
{
    (void)state;
    now.measuring = false;
    struct top top = {&now, moment_since(&now, &before)};
    char *text = WRITTEN(top_write(out, &top, TOP_NAME));

    assert_non_null(strstr(text, "0 shutdown; exits are not measured\n"));
    assert_non_null(strstr(text, "     2        n/a          0 "));
    free(text);
    moment_free(&top.since);
}

static void every_column_sorts(void **state)
{
    /* Which domain comes first; where both are equal, the one with the lower number. */
    static const unsigned first[TOP_COLUMNS] = {
        [TOP_STATE] = 1, [TOP_MAXMEM] = 0, [TOP_EXITS] = 1, [TOP_UPDATES] = 1, [TOP_REFUSED] = 1,
    };
    struct top top = {&now, moment_since(&now, &before)};

    (void)state;
    for (enum top_column c = 0; c < TOP_COLUMNS; c++) {
        unsigned order[2];

        top_sort(&top, c, order);
        if (c == TOP_STATE) { /* --b--- and -----r: the letter before the dash */
            assert_int_equal(order[0] + order[1], 1);
            continue;
        }
        assert_int_equal(order[0], first[c]);
        assert_int_equal(order[1], 1 - first[c]);
    }
    moment_free(&top.since);
}

static void two_moments_at_the_same_time_have_no_rates(void **state)
{
    (void)state;
    now.at = before.at;
    struct top top = {&now, moment_since(&now, &before)};
    char *text = WRITTEN(top_write(out, &top, TOP_NAME));

    assert_null(strstr(text, "inf"));
    assert_null(strstr(text, "nan"));
    free(text);
    moment_free(&top.since);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_table_has_xentops_columns_and_rates, set_up, tear_down),
        cmocka_unit_test_setup_teardown(without_measuring_there_are_no_exits, set_up, tear_down),
        cmocka_unit_test_setup_teardown(every_column_sorts, set_up, tear_down),
        cmocka_unit_test_setup_teardown(two_moments_at_the_same_time_have_no_rates, set_up,
                                        tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
