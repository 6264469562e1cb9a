/* SPDX-License-Identifier: MIT */
/* Proves that the command line of `pinion run` has the meaning that its help states, and that each
 * mistake in it is named. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "tools/options.h"

static struct options options;
static struct failure failure;

#define READ(...)                                                                                  \
    read_words((char *[]){__VA_ARGS__}, (int)(sizeof((char *[]){__VA_ARGS__}) / sizeof(char *)))

static bool read_words(char **words, int count)
{
    options_free(&options);
    failure.sentence[0] = 0;
    return options_read(&options, count, words, &failure);
}

static void defaults(void **state)
{
    (void)state;
    assert_true(READ("vmlinuz"));
    assert_int_equal(options.operands, 1);
    assert_string_equal(options.operand[0], "vmlinuz");
    assert_false(options.operands_are_cfg);
    assert_string_equal(options.guest.name, "guest");
    assert_int_equal(options.guest.memory, 256);
    assert_int_equal(options.guest.vcpus, 1);
    assert_null(options.guest.ramdisk);
    assert_null(options.guest.cmdline);
    assert_null(options.log);
    assert_null(options.trace);
    assert_null(options.mitigations);
    assert_null(options.isolation);
    assert_int_equal(options.audit, AUDIT_AUTO);
    assert_int_equal(options.timeout + options.machine_memory + options.machine_cpus, 0);
    assert_int_equal(options.emulator_arguments, 0);
}

static void snapshots(void **state)
{
    (void)state;
    assert_true(READ("--map", "a", "--map-at=x y", "--map", "b", "k"));
    assert_int_equal(options.marks.count, 2);
    assert_string_equal(options.marks.mark[0].path, "a");
    assert_string_equal(options.marks.mark[0].text, "x y");
    assert_null(options.marks.mark[1].text);
    assert_false(READ("--map-at", "x", "k"));
    assert_false(READ("--map", "a", "--map-at", "x", "--map-at", "y", "k"));
    assert_false(READ("--map", "a", "--map-at", "", "k"));
    assert_string_equal(failure.sentence, "run: --map-at : expected a text of at most 200 bytes");
}

static void every_option(void **state)
{
    (void)state;
    assert_true(READ("--ramdisk", "r", "--cmdline=a=b c", "k", "--memory", "64", "--vcpus", "1",
                     "--name", "n-1", "--machine-memory", "512", "--machine-cpus=2", "--timeout",
                     "9", "--emulator-arg", "-d", "--emulator-arg=int,cpu", "--log", "l",
                     "--mitigations=off", "--isolation", "always", "--audit", "on"));
    assert_string_equal(options.isolation, "always");
    assert_string_equal(options.mitigations, "off");
    assert_int_equal(options.audit, AUDIT_ON);
    assert_string_equal(options.guest.ramdisk, "r");
    assert_string_equal(options.guest.cmdline, "a=b c");
    assert_string_equal(options.operand[0], "k");
    assert_int_equal(options.guest.memory, 64);
    assert_string_equal(options.guest.name, "n-1");
    assert_int_equal(options.machine_memory, 512);
    assert_int_equal(options.machine_cpus, 2);
    assert_int_equal(options.timeout, 9);
    assert_string_equal(options.log, "l");
    assert_int_equal(options.emulator_arguments, 2);
    assert_string_equal(options.emulator_argument[0], "-d");
    assert_string_equal(options.emulator_argument[1], "int,cpu");
}

static void several_guests(void **state)
{
    (void)state;
    assert_true(READ("a.cfg", "--timeout", "5", "dir/b.cfg"));
    assert_true(options.operands_are_cfg);
    assert_int_equal(options.operands, 2);
    assert_true(READ("--", "--odd.cfg"));
    assert_string_equal(options.operand[0], "--odd.cfg");
    assert_true(READ("k", "--help"));
    assert_true(options.help);
}

static void mistakes(void **state)
{
    static const struct {
        char *word[4];
        const char *sentence;
    } wrong[] = {
        {{NULL}, "run: a KERNEL or a GUEST.cfg is missing; see pinion run --help"},
        {{"--fly"}, "run: unknown option --fly; see pinion run --help"},
        {{"--fly=high", "k"}, "run: unknown option --fly; see pinion run --help"},
        {{"-x", "k"}, "run: unknown option -x; see pinion run --help"},
        {{"--mem", "5", "k"}, "run: unknown option --mem; see pinion run --help"},
        {{"k", "--log"}, "run: --log needs a value"},
        {{"k", "--trace=t", "--trace-entries=some"},
         "run: --trace-entries some: expected slow or all"},
        {{"k", "--trace-entries", "all"}, "run: --trace-entries is about the timeline of --trace"},
        {{"--memory", "12M", "k"},
         "run: --memory 12M: memory is a number of MiB from 1 to 1048576"},
        {{"--memory=", "k"}, "run: --memory : memory is a number of MiB from 1 to 1048576"},
        {{"--vcpus", "99", "k"}, "run: --vcpus 99: vcpus is a number from 1 to 32"},
        {{"--timeout", "0", "k"}, "run: --timeout 0: expected a number from 1 to 100000000"},
        {{"--timeout", "99999999999999999999", "k"},
         "run: --timeout 99999999999999999999: expected a number from 1 to 100000000"},
        {{"--mitigations", "some", "k"}, "run: --mitigations some: expected auto, partial or off"},
        {{"--audit", "yes", "k"}, "run: --audit yes: expected auto, on or off"},
        {{"--isolation", "on", "k"}, "run: --isolation on: expected auto, always or never"},
        {{"--mitigations=", "k"}, "run: --mitigations : expected auto, partial or off"},
        {{"--machine-cpus", "two", "k"},
         "run: --machine-cpus two: expected a number from 1 to 255"},
        {{"--name", "a\tb", "k"},
         "run: --name a\tb: a name has 1 to 127 bytes, and no control characters"},
        {{"--cmdline", "a\nb", "k"},
         "run: --cmdline a\nb: a kernel command line has no control characters"},
        {{"a", "b"}, "run: one KERNEL at a time (b is too many); several guests need a .cfg each"},
        {{"a.cfg", "b"}, "run: either one KERNEL or descriptions of guests, not both"},
    };
    unsigned i;

    (void)state;
    for (i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        int count = 0;

        while (wrong[i].word[count]) {
            count++;
        }
        assert_false(read_words((char **)wrong[i].word, count));
        assert_string_equal(failure.sentence, wrong[i].sentence);
    }
    assert_false(READ("--memory", "64", "a.cfg"));
    assert_non_null(strstr(failure.sentence, "belong to a KERNEL"));
}

static void too_many_guests(void **state)
{
    char *words[HANDOFF_GUESTS_MAX + 1];
    unsigned i;

    (void)state;
    for (i = 0; i <= HANDOFF_GUESTS_MAX; i++) {
        words[i] = (char *)"x.cfg";
    }
    assert_true(read_words(words, HANDOFF_GUESTS_MAX));
    assert_false(read_words(words, HANDOFF_GUESTS_MAX + 1));
    assert_string_equal(failure.sentence, "run: at most 32 guests at a time");
    options_free(&options);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(defaults),     cmocka_unit_test(snapshots),
        cmocka_unit_test(every_option), cmocka_unit_test(several_guests),
        cmocka_unit_test(mistakes),     cmocka_unit_test(too_many_guests),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
