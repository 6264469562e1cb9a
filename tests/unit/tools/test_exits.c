/* SPDX-License-Identifier: MIT */
/* Proves that records of the timeline add up to counts and times of exits, by domain and reason,
 * and that records of other kinds add nothing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "tests/unit/tools/sample_moment.h"
#include "tools/exits.h"

#define TSC_KHZ 2000000u /* two ticks in a ns */

static struct exits exits;

static int set_up(void **state)
{
    (void)state;
    exits = (struct exits){.tsc_khz = TSC_KHZ};
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    exits_free(&exits);
    return 0;
}

static void add(enum trace_kind kind, unsigned number, unsigned domain, unsigned span)
{
    const struct trace_record record = {.kind = (uint16_t)kind,
                                        .number = (uint16_t)number,
                                        .domain = (uint16_t)domain,
                                        .span = span};

    exits_add(&exits, &record);
}

/* The exit of that name, of the only domain that has exits. */
static const struct counter *named(const char *name)
{
    assert_int_equal(exits.domains, 1);
    for (unsigned i = 0; i < exits.domain[0].counters; i++) {
        if (!strcmp(exits.domain[0].counter[i].name, name)) {
            return &exits.domain[0].counter[i];
        }
    }
    fail_msg("no exit %s", name);
    return NULL;
}

static void slices_add_up(void **state)
{
    (void)state;
    add(TRACE_CALL, 1, 3, 2000);
    add(TRACE_CALL, 1, 3, 600);
    add(TRACE_CALL, 1, 3, 1000);
    const struct counter *c = named("mmu_update");

    assert_int_equal(c->count, 3);
    assert_int_equal(c->time, 1800);
    assert_int_equal(c->least, 300);
    assert_int_equal(c->most, 1000);
    assert_int_equal(c->group, COUNTER_EXIT);
}

static void each_reason_has_its_name(void **state)
{
    (void)state;
    add(TRACE_CALL, 29, 3, 0);
    add(TRACE_CALL, 50, 3, 0);
    add(TRACE_FAULT, 0, 3, 0);
    add(TRACE_FAULT, 1, 3, 0);
    add(TRACE_TRAP, 13, 3, 0);
    add(TRACE_TRAP, 0x31, 3, 0);
    add(TRACE_TRAP, 0xf0, 3, 0);
    add(TRACE_TRAP, 25, 3, 0);
    assert_int_equal(named("sched_op")->count, 1);
    assert_int_equal(named("hypercall 50")->count, 1);
    assert_int_equal(named("page fault")->count, 1);
    assert_int_equal(named("emulated store")->count, 1);
    assert_int_equal(named("#GP")->count, 1);
    assert_int_equal(named("interrupt")->count, 2);
    assert_int_equal(named("exception 25")->count, 1);
}

static void what_is_no_exit_adds_nothing(void **state)
{
    (void)state;
    for (unsigned kind = 0; kind < TRACE_KINDS + 1; kind++) {
        if (kind != TRACE_CALL && kind != TRACE_FAULT && kind != TRACE_TRAP) {
            add((enum trace_kind)kind, 1, 3, 5);
        }
    }
    add(TRACE_TRAP, 0x31, TRACE_NOBODY, 5); /* an interrupt while nothing runs */
    assert_int_equal(exits.domains, 0);
}

static void a_moment_gets_the_exits_of_its_domains(void **state)
{
    struct moment moment = sample_moment();
    unsigned before = moment.domain[0].counters;

    (void)state;
    moment.measuring = false;
    add(TRACE_CALL, 1, 0, 10);
    add(TRACE_CALL, 1, 7, 10); /* a domain that has ended */
    exits_into(&exits, &moment);
    assert_true(moment.measuring);
    assert_int_equal(moment.domain[0].counters, before + 1);
    assert_int_equal(moment_count(&moment.domain[0], COUNTER_EXIT), 1);
    assert_int_equal(moment_count(&moment.domain[1], COUNTER_EXIT), 500);
    moment_free(&moment);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(slices_add_up, set_up, tear_down),
        cmocka_unit_test_setup_teardown(each_reason_has_its_name, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_is_no_exit_adds_nothing, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_moment_gets_the_exits_of_its_domains, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
