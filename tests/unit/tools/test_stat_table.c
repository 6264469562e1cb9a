/* SPDX-License-Identifier: MIT */
/* Proves that the table of exits has the counts, shares and times of a domain, in the order that
 * was asked for, without rows that count nothing, and with refusals by rule. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "tools/stat_table.h"

#include "tests/unit/tools/sample_moment.h"

static void expect_order(enum stat_column by, const char *first, const char *second,
                         const char *third)
{
    struct moment moment = sample_moment();

    stat_sort(&moment.domain[1], by);
    assert_string_equal(moment.domain[1].counter[0].name, first);
    assert_string_equal(moment.domain[1].counter[1].name, second);
    assert_string_equal(moment.domain[1].counter[2].name, third);
    assert_int_equal(moment.domain[1].counter[4].group, COUNTER_WORK);
    moment_free(&moment);
}

static void rows_are_sorted_by_each_column(void **state)
{
    (void)state;
    expect_order(STAT_EXIT, "emulated store", "mmu_update", "never");
    expect_order(STAT_COUNT, "mmu_update", "emulated store", "sched_op");
    expect_order(STAT_TIME, "mmu_update", "sched_op", "emulated store");
    expect_order(STAT_LEAST, "mmu_update", "sched_op", "emulated store");
    expect_order(STAT_MEAN, "sched_op", "mmu_update", "emulated store");
    expect_order(STAT_MOST, "mmu_update", "sched_op", "emulated store");
}

static void the_table_has_counts_shares_and_times(void **state)
{
    static const char expected[] =
        "a\\b\"c, domain 3, 1 vCPU: 10.000 s, of which its vCPUs ran 1.500 s\n"
        "\n"
        "EXIT                              COUNT  COUNT%      TIME(us)   TIME%  LEAST(us)   "
        "MEAN(us)   MOST(us)\n"
        "mmu_update                          300  60.00%       600.000  60.00%      1.000      "
        "2.000      9.000\n"
        "sched_op                            100  20.00%       350.000  35.00%      0.500      "
        "3.500      4.500\n"
        "emulated store                      100  20.00%        50.000   5.00%      0.400      "
        "0.500      0.700\n"
        "all                                 500 100.00%      1000.000 100.00%\n"
        "\n"
        "REFUSED BY RULE                   COUNT\n"
        "WRITABLE_TABLE                        2\n"
        "all                                   2\n"
        "\n"
        "WORK ON PAGE TABLES               COUNT\n"
        "updates                             420\n"
        "emulated_writes                     100\n"
        "promotions                            9\n";
    struct moment moment = sample_moment();

    (void)state;
    stat_sort(&moment.domain[1], STAT_TIME);
    char *text = WRITTEN(stat_write(out, &moment, &moment.domain[1]));

    assert_string_equal(text, expected);
    free(text);
    moment_free(&moment);
}

static void a_domain_without_exits_has_an_empty_table(void **state)
{
    struct moment moment = sample_moment();
    char *text = WRITTEN(stat_write_exits(out, &moment.domain[0], 0));

    (void)state;
    assert_non_null(
        strstr(text, "\nall                                   0   0.00%         0.000"));
    free(text);
    moment_free(&moment);
}

static void what_is_not_recorded_is_said(void **state)
{
    struct moment moment = sample_moment();

    (void)state;
    moment.measuring = false;
    moment.lost = 7;
    char *text = WRITTEN(stat_write(out, &moment, &moment.domain[1]));

    assert_non_null(strstr(text, "\n\nThis hypervisor does not record exits.\n"));
    assert_null(strstr(text, "mmu_update"));
    free(text);
    moment.measuring = true;
    text = WRITTEN(stat_write(out, &moment, &moment.domain[1]));
    assert_non_null(
        strstr(text, "\n7 exits of all domains were not recorded: they came too fast.\n"));
    free(text);
    moment_free(&moment);
}

static void rows_that_have_no_room_are_left_out(void **state)
{
    struct moment moment = sample_moment();
    char *text = WRITTEN(stat_write_exits(out, &moment.domain[1], 1));

    (void)state;
    assert_non_null(strstr(text, "\nmmu_update "));
    assert_null(strstr(text, "\nemulated store "));
    assert_non_null(strstr(text, "\nall                                 500 "));
    free(text);
    moment_free(&moment);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_are_sorted_by_each_column),
        cmocka_unit_test(the_table_has_counts_shares_and_times),
        cmocka_unit_test(a_domain_without_exits_has_an_empty_table),
        cmocka_unit_test(what_is_not_recorded_is_said),
        cmocka_unit_test(rows_that_have_no_room_are_left_out),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
