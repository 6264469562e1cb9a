/* SPDX-License-Identifier: MIT */
/* Proves that hypervisor/boot/options reads the words of Xen's command line, and that a word which
 * is unknown or makes no sense is named in the log and changes nothing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "hypervisor/boot/options.h"
#include "hypervisor/log/log.h"
#include "hypervisor/log/output.h"

#define MIB (1ull << 20)

static char logged[4096];

void log_line(const char *format, ...)
{
    size_t used = strlen(logged);
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(logged + used, sizeof logged - used, format, arguments);
    va_end(arguments);
}

/* Reads a copy of `text` in a block of exactly COMMAND_LINE_MAX bytes, as at boot. */
static struct boot_options read_line(const char *text)
{
    static char line[COMMAND_LINE_MAX];
    struct boot_options options;

    logged[0] = 0;
    snprintf(line, sizeof line, "%s", text);
    options_read(line, &options);
    return options;
}

static void nothing_is_said_of_an_empty_line(void **state)
{
    struct boot_options options = read_line("");

    (void)state;
    assert_false(memory_is_given(&options.dom0_memory));
    assert_false(memory_is_given(&options.dom0_least));
    assert_false(memory_is_given(&options.dom0_most));
    assert_int_equal(options.dom0_vcpus, 0);
    assert_int_equal(options.baud, 0);
    assert_int_equal(options.mitigations, MITIGATIONS_AUTO);
    assert_int_equal(options.isolation, ISOLATION_AUTO);
    assert_false(options.audit);
    assert_false(options.verbose);
    assert_string_equal(logged, "");
}

static void the_version_shown_is_one_that_is_served(void **state)
{
    static const char *const bad[] = {"",      "=",     "=4",     "=4.",   "=4.16", "=4.21",
                                      "=3.17", "=5.17", "=4.17x", "=4,17", "=.17",  "=4.117"};

    (void)state;
    assert_int_equal(read_line("").version_minor, 17);
    assert_int_equal(read_line("xen-version=4.17").version_minor, 17);
    assert_int_equal(read_line("xen-version=4.20").version_minor, 20);
    assert_string_equal(logged, "");
    for (u32 i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        char line[40];

        snprintf(line, sizeof line, "xen-version%s", bad[i]);
        assert_int_equal(read_line(line).version_minor, 17);
        assert_non_null(strstr(logged, "makes no sense and is ignored"));
    }
}

static void consoles_are_chosen_by_name(void **state)
{
    (void)state;
    assert_int_equal(read_line("").consoles, OUTPUT_ALL);
    assert_int_equal(read_line("console=com1").consoles, OUTPUT_COM1);
    assert_int_equal(read_line("console=vga").consoles, OUTPUT_SCREEN);
    assert_int_equal(read_line("console=vga,com1").consoles, OUTPUT_ALL);
    assert_false(read_line("vga=gfx-1024x768x32").keep_screen);
    assert_true(read_line("vga=keep").keep_screen);
    assert_true(read_line("vga=text-80x50,keep").keep_screen);
    assert_false(read_line("vga=keep vga=keeper").keep_screen);
    assert_string_equal(logged, "");
    assert_int_equal(read_line("console=com2").consoles, OUTPUT_ALL);
    assert_string_equal(logged, "command line: `console=com2' makes no sense and is ignored");
    assert_int_equal(read_line("console=com1 console=").consoles, OUTPUT_COM1);
    assert_int_equal(read_line("console=com1,vgaa").consoles, OUTPUT_ALL);
}

static void the_delay_after_a_failure(void **state)
{
    (void)state;
    assert_int_equal(read_line("").restart_delay, 10);
    assert_int_equal(read_line("panic=1").restart_delay, 1);
    assert_int_equal(read_line("panic=0").restart_delay, 0);
    assert_int_equal(read_line("noreboot").restart_delay, 0);
    assert_string_equal(logged, "");
    assert_int_equal(read_line("panic=3601").restart_delay, 10);
    assert_int_equal(read_line("panic=").restart_delay, 10);
    assert_int_equal(read_line("panic=10s").restart_delay, 10);
    assert_string_equal(logged, "command line: `panic=10s' makes no sense and is ignored");
}

static void all_words_of_a_usual_line_are_known(void **state)
{
    struct boot_options options =
        read_line("placeholder console=com1,vga com1=115200,8n1 "
                  "dom0_mem=512M,max:768M dom0_max_vcpus=1-3 loglvl=all guest_loglvl=all/all "
                  "no-real-mode edd=off mitigations=partial isolation=always audit");

    (void)state;
    assert_int_equal(options.dom0_memory.bytes, 512 * MIB);
    assert_int_equal(options.dom0_most.bytes, 768 * MIB);
    assert_int_equal(options.dom0_vcpus, 3);
    assert_int_equal(options.baud, 115200);
    assert_int_equal(options.mitigations, MITIGATIONS_PARTIAL);
    assert_int_equal(options.isolation, ISOLATION_ALWAYS);
    assert_true(options.audit);
    assert_string_equal(logged, "");
}

static void a_size_has_a_unit(void **state)
{
    (void)state;
    assert_int_equal(read_line("dom0_mem=524288").dom0_memory.bytes, 512 * MIB);
    assert_int_equal(read_line("dom0_mem=524288k").dom0_memory.bytes, 512 * MIB);
    assert_int_equal(read_line("dom0_mem=2G").dom0_memory.bytes, 2048 * MIB);
    assert_int_equal(read_line("dom0_mem=1t").dom0_memory.bytes, MIB << 20);
    assert_int_equal(read_line("dom0_mem=4096B").dom0_memory.bytes, 4096);
}

/* The amounts of a line in MiB, on a machine with 1000 MiB. */
struct amounts {
    u64 memory, least, most;
};

static struct amounts amounts_of(const char *text)
{
    struct boot_options options = read_line(text);

    assert_string_equal(logged, "");
    return (struct amounts){memory_mib(&options.dom0_memory, 1000),
                            memory_mib(&options.dom0_least, 1000),
                            memory_mib(&options.dom0_most, 1000)};
}

static void memory_is_given_in_every_form_that_xen_knows(void **state)
{
    static const struct {
        const char *text;
        struct amounts amounts;
    } lines[] = {
        {"dom0_mem=max:1G,min:1M", {0, 1, 1024}},
        {"dom0_mem=-64M,max:-1M", {936, 0, 999}},
        {"dom0_mem=50%", {500, 0, 0}},
        {"dom0_mem=64M+25%", {314, 0, 0}},
        {"dom0_mem=-64M+25%,min:10%,max:100%", {686, 100, 1000}},
        {"dom0_mem=-10%", {900, 0, 0}},
        {"dom0_mem=min:-100M,20%,max:1G+50%", {200, 900, 1524}},
        {"dom0_mem=2G", {2048, 0, 0}},
        {"dom0_mem=-2G", {0, 0, 0}},
        {"dom0_mem=1M dom0_mem=2M", {2, 0, 0}},
    };

    (void)state;
    for (u32 i = 0; i < ARRAY_LENGTH(lines); i++) {
        struct amounts amounts = amounts_of(lines[i].text);

        assert_memory_equal(&amounts, &lines[i].amounts, sizeof amounts);
    }
}

static void a_value_without_sense_is_named_and_changes_nothing(void **state)
{
    static const char *const words[] = {
        "dom0_mem=",
        "dom0_mem=M",
        "dom0_mem=12Q",
        "dom0_mem=-",
        "dom0_mem=101%",
        "dom0_mem=%",
        "dom0_mem=5%+1M",
        "dom0_mem=1M+",
        "dom0_mem=1M+5",
        "dom0_mem=1M+5%x",
        "dom0_mem=1M-5%",
        "dom0_mem=min:",
        "dom0_mem=--1M",
        "dom0_mem=1M,max:x",
        "dom0_mem=99999999999999999999",
        "dom0_mem=9999999999T",
        "dom0_max_vcpus=0",
        "dom0_max_vcpus=33",
        "dom0_max_vcpus=2x",
        "com1=0",
        "com1=7",
        "com1=9600,7e1",
        "mitigations=some",
        "isolation=",
        "isolation=yes",
        "audit=yes",
        "com1=230400",
    };

    (void)state;
    for (u32 i = 0; i < ARRAY_LENGTH(words); i++) {
        struct boot_options options = read_line(words[i]);

        assert_non_null(strstr(logged, words[i]));
        assert_non_null(strstr(logged, "makes no sense"));
        assert_false(memory_is_given(&options.dom0_memory));
        assert_false(memory_is_given(&options.dom0_least));
        assert_false(memory_is_given(&options.dom0_most));
        assert_int_equal(options.dom0_vcpus | options.baud | options.audit, 0);
        assert_int_equal(options.mitigations, MITIGATIONS_AUTO);
        assert_int_equal(options.isolation, ISOLATION_AUTO);
    }
}

static void pcid_is_a_truth_value(void **state)
{
    (void)state;
    assert_true(read_line("pcid=no").no_pcid);
    assert_true(read_line("pcid=off").no_pcid);
    assert_false(read_line("pcid=no pcid=xpti").no_pcid);
    assert_false(read_line("pcid=1").no_pcid);
    assert_string_equal(logged, "");
    assert_false(read_line("pcid=never").no_pcid);
    assert_non_null(strstr(logged, "makes no sense"));
}

static void an_unknown_word_is_named(void **state)
{
    (void)state;
    read_line("smt=off dom0_memory=1G");
    assert_non_null(strstr(logged, "`smt=off' is not known"));
    assert_non_null(strstr(logged, "`dom0_memory=1G' is not known"));
}

/* A line that fills its block to the last byte is read to its end and no further. */
static void the_longest_line_ends_in_its_block(void **state)
{
    char text[COMMAND_LINE_MAX];

    (void)state;
    memset(text, ' ', sizeof text);
    memcpy(text + sizeof text - 1 - strlen("dom0_mem=max"), "dom0_mem=max", strlen("dom0_mem=max"));
    text[sizeof text - 1] = 0;
    assert_int_equal(read_line(text).dom0_memory.bytes, 0);
    assert_non_null(strstr(logged, "makes no sense"));
}

static void two_levels_of_the_log_are_verbose(void **state)
{
    static const char *const words[] = {"loglvl=all", "loglvl=debug", "loglvl=all/none"};
    static const char *const others[] = {
        "loglvl=info/all", "loglvl=al",    "loglvl=alle",
        "loglvl=",         "loglvl=error", "loglvl=all loglvl=none"};

    (void)state;
    for (u32 i = 0; i < ARRAY_LENGTH(words); i++) {
        assert_true(read_line(words[i]).verbose);
    }
    for (u32 i = 0; i < ARRAY_LENGTH(others); i++) {
        assert_false(read_line(others[i]).verbose);
        assert_string_equal(logged, "");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_is_said_of_an_empty_line),
        cmocka_unit_test(the_version_shown_is_one_that_is_served),
        cmocka_unit_test(consoles_are_chosen_by_name),
        cmocka_unit_test(the_delay_after_a_failure),
        cmocka_unit_test(all_words_of_a_usual_line_are_known),
        cmocka_unit_test(two_levels_of_the_log_are_verbose),
        cmocka_unit_test(a_size_has_a_unit),
        cmocka_unit_test(memory_is_given_in_every_form_that_xen_knows),
        cmocka_unit_test(a_value_without_sense_is_named_and_changes_nothing),
        cmocka_unit_test(pcid_is_a_truth_value),
        cmocka_unit_test(an_unknown_word_is_named),
        cmocka_unit_test(the_longest_line_ends_in_its_block),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
