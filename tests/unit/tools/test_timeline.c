/* SPDX-License-Identifier: MIT */
/* Proves that the timeline is well-formed JSON with the members that the trace-event format
 * prescribes for each kind of event, that each kind of record is drawn on its track with its name,
 * that arrows have two ends of the same id, that lost records are shown and counted, and that
 * numbers without a name, and any bits at all, do not spoil the file. */
#include <ctype.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "tools/timeline.h"

static struct timeline timeline;
static char *text;
static size_t size;
static FILE *file;

static void start(void)
{
    free(text);
    text = NULL;
    file = open_memstream(&text, &size);
    timeline_start(&timeline, file, 1000, 1000000);
}

static void add(u32 cpu, struct trace_record record)
{
    timeline_add(&timeline, cpu, &record);
}

/* ---- a reader of JSON ---- */

static const char *skip_value(const char *at);

static const char *skip_string(const char *at)
{
    assert_int_equal(*at, '"');
    for (at++; *at != '"'; at++) {
        assert_true((unsigned char)*at >= ' ' && *at != '\\');
    }
    return at + 1;
}

static const char *skip_blanks(const char *at)
{
    while (isspace((unsigned char)*at)) {
        at++;
    }
    return at;
}

/* Skips an object or a list, which ends with `last`. */
static const char *skip_members(const char *at, char last, bool named)
{
    at = skip_blanks(at + 1);
    while (*at != last) {
        if (named) {
            at = skip_string(at);
            assert_int_equal(*at, ':');
            at++;
        }
        at = skip_blanks(skip_value(at));
        if (*at != last) {
            assert_int_equal(*at, ',');
            at = skip_blanks(at + 1);
            assert_int_not_equal(*at, last);
        }
    }
    return at + 1;
}

static const char *skip_value(const char *at)
{
    char *end;

    switch (*at) {
    case '{':
        return skip_members(at, '}', true);
    case '[':
        return skip_members(at, ']', false);
    case '"':
        return skip_string(at);
    default:
        strtod(at, &end);
        assert_ptr_not_equal(at, end);
        return end;
    }
}

/* An event is a line: what each phase must have (Trace Event Format). */
static void check_event(const char *line)
{
    static const struct {
        const char *phase, *member[7];
    } must[] = {
        {"\"X\"", {"cat", "name", "ts", "dur", "pid", "tid"}},
        {"\"M\"", {"name", "args", "pid", "tid"}},
        {"\"C\"", {"name", "ts", "args", "pid"}},
        {"\"i\"", {"name", "ts", "s", "pid", "tid"}},
        {"\"s\"", {"cat", "name", "id", "ts", "pid", "tid"}},
        {"\"f\"", {"cat", "name", "id", "ts", "bp", "pid", "tid"}},
    };
    char word[32];

    for (unsigned i = 0; i < sizeof(must) / sizeof(must[0]); i++) {
        if (strncmp(line + strlen("{\"ph\":"), must[i].phase, 3)) {
            continue;
        }
        for (unsigned k = 0; k < 7 && must[i].member[k]; k++) {
            snprintf(word, sizeof(word), "\"%s\":", must[i].member[k]);
            assert_non_null(strstr(line, word));
        }
        return;
    }
    fail_msg("an event of no known phase: %s", line);
}

/* Ends the file, and checks it whole. Returns how many records were lost. */
static u64 finish(void)
{
    u64 lost = timeline_end(&timeline);

    fclose(file);
    assert_string_equal(skip_blanks(skip_value(text)), "");
    char *copy = strdup(text), *rest = copy, *line;
    while ((line = strsep(&rest, "\n"))) {
        if (!strncmp(line, "{\"ph\"", 5)) {
            check_event(line);
        }
    }
    free(copy);
    return lost;
}

static void expect(const char *part)
{
    if (!strstr(text, part)) {
        fail_msg("no %s in %s", part, text);
    }
}

/* ---- the tests ---- */

static void slices_have_their_names(void **state)
{
    (void)state;
    start();
    add(0, (struct trace_record){.tsc = 2500,
                                 .span = 1500,
                                 .kind = TRACE_CALL,
                                 .number = 26,
                                 .domain = 1,
                                 .vcpu = 2,
                                 .detail = 7,
                                 .value = 3});
    add(0, (struct trace_record){.tsc = 2600,
                                 .span = 100,
                                 .kind = TRACE_PROMOTED,
                                 .number = 3,
                                 .domain = 1,
                                 .vcpu = 2,
                                 .detail = 1,
                                 .value = 0x123});
    add(0, (struct trace_record){.tsc = 5000,
                                 .span = 9,
                                 .kind = TRACE_FAULT,
                                 .number = 1,
                                 .domain = 1,
                                 .vcpu = 2,
                                 .detail = 7,
                                 .value = 0x456000});
    add(0, (struct trace_record){
               .tsc = 6000, .span = 9, .kind = TRACE_TRAP, .number = 13, .domain = 1, .vcpu = 2});
    add(0, (struct trace_record){.tsc = 7000,
                                 .kind = TRACE_REFUSED,
                                 .number = 2,
                                 .domain = 1,
                                 .vcpu = 2,
                                 .detail = 1,
                                 .value = 99});
    add(0, (struct trace_record){.tsc = 8000,
                                 .kind = TRACE_COUNTER,
                                 .number = 2,
                                 .domain = 1,
                                 .vcpu = 2,
                                 .detail = 1,
                                 .value = 77});
    assert_int_equal(finish(), 0);
    expect("{\"ph\":\"X\",\"pid\":101,\"tid\":2,\"cat\":\"hypercall\",\"name\":\"mmuext_op\","
           "\"ts\":1.500,\"dur\":1.500");
    expect("\"cat\":\"promotion\",\"name\":\"promotion L3\",\"ts\":1.600,\"dur\":0.100,"
           "\"args\":{\"level\":3,\"domain\":1,\"frame\":\"0x123\"}");
    expect("\"name\":\"emulated store\"");
    expect("\"address\":\"0x456000\"");
    expect("\"name\":\"#GP\"");
    expect("\"name\":\"BAD_FRAME\"");
    expect("\"name\":\"promotions\",\"ts\":7.000,\"args\":{\"promotions\":77}");
    expect("\"name\":\"thread_name\",\"args\":{\"name\":\"vCPU 2\"}");
}

static void a_cpu_shows_what_it_runs(void **state)
{
    (void)state;
    start();
    add(3, (struct trace_record){.tsc = 2000, .kind = TRACE_RUN, .domain = 5, .vcpu = 1});
    add(3, (struct trace_record){
               .tsc = 4000, .kind = TRACE_RUN, .domain = TRACE_NOBODY, .vcpu = TRACE_NOBODY});
    add(3, (struct trace_record){.tsc = 5000, .kind = TRACE_RUN, .domain = 6, .vcpu = 0});
    add(3, (struct trace_record){.tsc = 9000, .span = 10, .kind = TRACE_CALL, .domain = 6});
    finish();
    expect("\"pid\":1,\"tid\":3,\"cat\":\"run\",\"name\":\"d5v1\",\"ts\":1.000,\"dur\":2.000");
    expect("\"pid\":1,\"tid\":3,\"cat\":\"run\",\"name\":\"d6v0\",\"ts\":4.000,\"dur\":4.010");
}

static void arrows_have_two_ends(void **state)
{
    (void)state;
    start();
    add(1,
        (struct trace_record){
            .tsc = 3000, .kind = TRACE_UPCALL, .domain = 2, .vcpu = 1, .detail = 12, .value = 10});
    add(0, (struct trace_record){.tsc = 2000,
                                 .kind = TRACE_SENT,
                                 .domain = 1,
                                 .vcpu = 0,
                                 .number = 4,
                                 .detail = 11,
                                 .value = 2 | 1 << 16});
    add(0,
        (struct trace_record){
            .tsc = 2100, .kind = TRACE_IPI, .domain = 1, .number = 1, .detail = 5, .value = 241});
    add(1, (struct trace_record){.tsc = 2200,
                                 .kind = TRACE_IPI_DONE,
                                 .domain = 2,
                                 .number = 241,
                                 .detail = 5,
                                 .value = 4});
    finish();
    expect("{\"ph\":\"s\",\"pid\":101,\"tid\":0,\"cat\":\"event\",\"name\":\"event\","
           "\"id\":\"10002.b\"");
    expect("{\"ph\":\"f\",\"pid\":102,\"tid\":1,\"cat\":\"event\",\"name\":\"event\","
           "\"id\":\"10002.b\"");
    expect("\"id\":\"10002.c\"");
    expect("{\"ph\":\"s\",\"pid\":1,\"tid\":1000,\"cat\":\"interrupt\",\"name\":\"interrupt\","
           "\"id\":\"1.5\"");
    expect("{\"ph\":\"f\",\"pid\":1,\"tid\":1001,\"cat\":\"interrupt\",\"name\":\"interrupt\","
           "\"id\":\"1.5\"");
}

static void lost_records_are_shown(void **state)
{
    (void)state;
    start();
    add(0, (struct trace_record){.tsc = 2000, .kind = TRACE_CALL, .domain = 1});
    timeline_lost(&timeline, 0, 0);
    timeline_lost(&timeline, 0, 30);
    timeline_lost(&timeline, 0, 30);
    timeline_lost(&timeline, 2, 12);
    assert_int_equal(finish(), 42);
    expect("\"name\":\"records lost\",\"args\":{\"records\":30},\"ts\":1.000");
    expect("\"otherData\":{\"records\":\"1\",\"lost\":\"42\"}");
}

static void any_bits_make_a_file(void **state)
{
    (void)state;
    start();
    srandom(1);
    for (u32 i = 0; i < 20000; i++) {
        struct trace_record record;
        unsigned char *bytes = (unsigned char *)&record;

        for (unsigned k = 0; k < sizeof(record); k++) {
            bytes[k] = (unsigned char)random();
        }
        record.kind %= TRACE_KINDS + 2;
        record.value = i % 2 ? record.value : record.detail - 3;
        add(i % TRACE_CPUS_MAX, record);
    }
    finish();
}

static void an_empty_one_is_whole(void **state)
{
    (void)state;
    start();
    finish();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(slices_have_their_names), cmocka_unit_test(a_cpu_shows_what_it_runs),
        cmocka_unit_test(arrows_have_two_ends),    cmocka_unit_test(lost_records_are_shown),
        cmocka_unit_test(any_bits_make_a_file),    cmocka_unit_test(an_empty_one_is_whole),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);

    free(text);
    return failed;
}
