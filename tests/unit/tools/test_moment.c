/* SPDX-License-Identifier: MIT */
/* Proves that the difference of two moments counts from the earlier one, for domains and counters
 * that both have, and that a domain is found by its name before its number. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "tests/unit/tools/sample_moment.h"

static void a_difference_counts_from_the_earlier_moment(void **state)
{
    struct moment earlier = sample_moment(), later = sample_moment(), since;
    struct domain_moment *d = &later.domain[1];

    (void)state;
    later.at += 2000000000;
    d->cpu_time += 500000000;
    d->vcpu[0].cpu_time += 500000000;
    d->counter[0].count += 10;
    d->counter[0].time += 12345;
    since = moment_since(&later, &earlier);
    assert_int_equal(since.at, 2000000000);
    assert_int_equal(since.domain[1].cpu_time, 500000000);
    assert_int_equal(since.domain[1].vcpu[0].cpu_time, 500000000);
    assert_int_equal(since.domain[1].counter[0].count, 10);
    assert_int_equal(since.domain[1].counter[0].time, 12345);
    assert_int_equal(since.domain[1].counter[0].most, 9000);
    assert_int_equal(since.domain[1].counter[1].count, 0);
    assert_int_equal(since.domain[1].pages, 32768);
    assert_int_equal(later.domain[1].counter[0].count, 310); /* unchanged */
    moment_free(&since);
    moment_free(&later);
    moment_free(&earlier);
}

static void counts_that_began_anew_are_no_less_than_nothing(void **state)
{
    struct moment earlier = sample_moment(), later = sample_moment(), since;

    (void)state;
    later.domain[1].counter[0].count = 5;
    since = moment_since(&later, &earlier);
    assert_int_equal(since.domain[1].counter[0].count, 0);
    moment_free(&since);
    moment_free(&later);
    moment_free(&earlier);
}

static void a_new_domain_has_all_that_it_ever_counted(void **state)
{
    struct moment earlier = {.at = 1}, later = sample_moment(), since;

    (void)state;
    since = moment_since(&later, &earlier);
    assert_int_equal(moment_count(&since.domain[1], COUNTER_EXIT), 500);
    assert_int_equal(moment_count_of(&since.domain[1], "updates"), 420);
    assert_int_equal(moment_count_of(&since.domain[1], "no such"), 0);
    moment_free(&since);
    moment_free(&later);
}

static void a_domain_is_found_by_name_then_by_number(void **state)
{
    struct moment moment = sample_moment();

    (void)state;
    assert_int_equal(moment_domain_named(&moment, "Domain-0")->id, 0);
    assert_int_equal(moment_domain_named(&moment, "3")->id, 3);
    strcpy(moment.domain[0].name, "3");
    assert_int_equal(moment_domain_named(&moment, "3")->id, 0);
    assert_null(moment_domain_named(&moment, "4"));
    assert_null(moment_domain_named(&moment, "3x"));
    assert_null(moment_domain_named(&moment, ""));
    moment_free(&moment);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_difference_counts_from_the_earlier_moment),
        cmocka_unit_test(counts_that_began_anew_are_no_less_than_nothing),
        cmocka_unit_test(a_new_domain_has_all_that_it_ever_counted),
        cmocka_unit_test(a_domain_is_found_by_name_then_by_number),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
