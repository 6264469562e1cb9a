/* SPDX-License-Identifier: MIT */
/* Proves that metrics have the names, types, units and labels that docs/glossary.md lists, in both
 * formats. With the name of a format as argument, prints the metrics of a sample instead, for
 * tests/system/test_metrics.sh. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "tools/metrics_text.h"

#include "tests/unit/tools/sample_moment.h"

static void expect_line(const char *text, const char *line)
{
    const char *at = strstr(text, line);
    size_t size = strlen(line);

    while (at && (at[size] != '\n' || (at > text && at[-1] != '\n'))) {
        at = strstr(at + 1, line);
    }
    if (!at) {
        fail_msg("no line %s in\n%s", line, text);
    }
}

static void openmetrics_has_units_and_an_end(void **state)
{
    struct moment moment = sample_moment();
    char *text = WRITTEN(metrics_write(out, &moment, METRICS_OPENMETRICS));

    (void)state;
    expect_line(text, "# TYPE pinion_domain_cpu_seconds counter");
    expect_line(text, "# UNIT pinion_domain_cpu_seconds seconds");
    expect_line(text,
                "pinion_domain_cpu_seconds_total{domain=\"0\",name=\"Domain-0\"} 5.000000001");
    expect_line(text, "# TYPE pinion_machine_cpus gauge");
    expect_line(text, "pinion_machine_cpus 4");
    assert_string_equal(text + strlen(text) - 6, "# EOF\n");
    free(text);
    moment_free(&moment);
}

static void the_older_format_declares_counters_by_their_full_names(void **state)
{
    struct moment moment = sample_moment();
    char *text = WRITTEN(metrics_write(out, &moment, METRICS_PROMETHEUS));

    (void)state;
    expect_line(text, "# TYPE pinion_domain_cpu_seconds_total counter");
    assert_null(strstr(text, "# UNIT"));
    assert_null(strstr(text, "# EOF"));
    free(text);
    moment_free(&moment);
}

static void a_name_is_quoted_and_a_domain_without_limit_has_none(void **state)
{
    struct moment moment = sample_moment();
    char *text = WRITTEN(metrics_write(out, &moment, METRICS_OPENMETRICS));

    (void)state;
    expect_line(text,
                "pinion_domain_memory_max_bytes{domain=\"3\",name=\"a\\\\b\\\"c\"} 268435456");
    assert_null(strstr(text, "pinion_domain_memory_max_bytes{domain=\"0\""));
    expect_line(text, "pinion_domain_vcpus{domain=\"0\",name=\"Domain-0\"} 1");
    expect_line(text, "pinion_domain_state{domain=\"0\",name=\"Domain-0\",state=\"running\"} 1");
    expect_line(text, "pinion_domain_state{domain=\"0\",name=\"Domain-0\",state=\"dying\"} 0");
    expect_line(text, "pinion_vcpu_cpu_seconds_total{domain=\"0\",name=\"Domain-0\",vcpu=\"1\"} "
                      "1.000000000");
    expect_line(text, "pinion_domain_table_work_total{domain=\"0\",name=\"Domain-0\","
                      "work=\"updates\"} 7000");
    free(text);
    moment_free(&moment);
}

static void exits_stand_there_only_while_they_are_measured(void **state)
{
    struct moment moment = sample_moment();
    char *text = WRITTEN(metrics_write(out, &moment, METRICS_OPENMETRICS));

    (void)state;
    strcpy(moment.domain[1].name, "c");
    free(text);
    text = WRITTEN(metrics_write(out, &moment, METRICS_OPENMETRICS));
    expect_line(text, "pinion_domain_exits_total{domain=\"3\",name=\"c\",exit=\"mmu_update\"} 300");
    expect_line(text, "pinion_domain_exit_seconds_total{domain=\"3\",name=\"c\","
                      "exit=\"mmu_update\"} 0.000600000");
    expect_line(text, "pinion_domain_refusals_total{domain=\"3\",name=\"c\","
                      "rule=\"WRITABLE_TABLE\"} 2");
    free(text);
    moment.measuring = false;
    text = WRITTEN(metrics_write(out, &moment, METRICS_OPENMETRICS));
    expect_line(text, "pinion_measuring 0");
    assert_null(strstr(text, "pinion_domain_exit"));
    free(text);
    moment_free(&moment);
}

static int print_sample(const char *name)
{
    struct moment moment = sample_moment();

    metrics_write(stdout, &moment,
                  strcmp(name, metrics_format_name[METRICS_PROMETHEUS]) ? METRICS_OPENMETRICS
                                                                        : METRICS_PROMETHEUS);
    moment_free(&moment);
    return fflush(stdout) != 0;
}

int main(int count, char **words)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(openmetrics_has_units_and_an_end),
        cmocka_unit_test(the_older_format_declares_counters_by_their_full_names),
        cmocka_unit_test(a_name_is_quoted_and_a_domain_without_limit_has_none),
        cmocka_unit_test(exits_stand_there_only_while_they_are_measured),
    };

    return count > 1 ? print_sample(words[1]) : cmocka_run_group_tests(tests, NULL, NULL);
}
