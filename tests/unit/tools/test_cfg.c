/* SPDX-License-Identifier: MIT */
/* Proves that the .cfg reader accepts what xl accepts, otherwise names the file, the line and what
 * was expected, and reads any text without error of memory. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "tools/cfg.h"

static struct guest guest;
static struct failure failure;
static char ignored_text[1000];

/* Reads an exact copy, so that ASan notices a read beyond the text. */
static bool read_bytes(const char *text, size_t size)
{
    struct buffer ignored = {0};
    char *copy = malloc(size ? size : 1);
    bool well;

    memcpy(copy, text, size);
    failure.sentence[0] = 0;
    well = cfg_read("g.cfg", copy, size, &guest, &ignored, &failure);
    assert_true(well || !strncmp(failure.sentence, "g.cfg:", 6));
    size = ignored.size < sizeof(ignored_text) ? ignored.size : sizeof(ignored_text) - 1;
    if (size) {
        memcpy(ignored_text, ignored.bytes, size);
    }
    ignored_text[size] = 0;
    buffer_free(&ignored);
    free(copy);
    return well;
}

static void accepted(const char *text)
{
    if (!read_bytes(text, strlen(text))) {
        fail_msg("refused: %s", failure.sentence);
    }
}

static void refused(const char *text, const char *sentence)
{
    if (read_bytes(text, strlen(text))) {
        fail_msg("accepted: %s", text);
    }
    assert_string_equal(failure.sentence, sentence);
}

static void a_usual_file(void **state)
{
    (void)state;
    accepted("# a guest\n"
             "name = \"web-1\"   # its name\n"
             "kernel='/boot/vmlinuz # not a comment'\n"
             "\tramdisk = \"/boot/initrd\"\r\n"
             "memory = 512; vcpus = 1\n"
             "root = '/dev/xvda1 ro'\n"
             "extra = \"console=hvc0 \\\"quiet\\\"\"");
    assert_string_equal(guest.name, "web-1");
    assert_string_equal(guest.kernel, "/boot/vmlinuz # not a comment");
    assert_string_equal(guest.ramdisk, "/boot/initrd");
    assert_int_equal(guest.memory, 512);
    assert_int_equal(guest.vcpus, 1);
    assert_string_equal(guest.cmdline, "root=/dev/xvda1 ro console=hvc0 \"quiet\"");
    assert_string_equal(ignored_text, "");
    guest_free(&guest);
}

static void the_least_file(void **state)
{
    (void)state;
    accepted("name='a';kernel='k'");
    assert_int_equal(guest.memory, 256);
    assert_int_equal(guest.vcpus, 1);
    assert_null(guest.ramdisk);
    assert_null(guest.cmdline);
    guest_free(&guest);
}

static void the_command_line(void **state)
{
    (void)state;
    accepted("name='a'\nkernel='k'\nextra='e'");
    assert_string_equal(guest.cmdline, "e");
    guest_free(&guest);
    accepted("name='a'\nkernel='k'\nroot='r'");
    assert_string_equal(guest.cmdline, "root=r");
    guest_free(&guest);
    /* Xl accepts all of these. */
    accepted("name='a'\nkernel='k'\nroot='r'\nextra='e'\ncmdline='c'");
    assert_string_equal(guest.cmdline, "c");
    guest_free(&guest);
    accepted("name='a'\nkernel='k'\nextra='first'\nextra='second'");
    assert_string_equal(guest.cmdline, "second");
    guest_free(&guest);
    refused("name='a'\nkernel='k'\nextra=\"a\\nb\"",
            "g.cfg: a kernel command line has no control characters");
}

static void numbers(void **state)
{
    (void)state;
    accepted("name='a'\nkernel='k'\nmemory=0x100\nvcpus='1'");
    assert_int_equal(guest.memory, 256);
    guest_free(&guest);
    refused("memory = 0", "g.cfg:1: memory is a number of MiB from 1 to 1048576");
    refused("memory = 99999999999999999999",
            "g.cfg:1: memory is a number of MiB from 1 to 1048576");
    refused("memory = 5x", "g.cfg:1: expected a number, a text in quotes or a list in [ ]");
    refused("memory = '5x'", "g.cfg:1: expected a number");
    refused("memory = ''", "g.cfg:1: expected a number");
    refused("memory = [ 5 ]", "g.cfg:1: expected a number");
    refused("memory = 1000000000000000000000000000", "g.cfg:1: expected a shorter number");
    refused("vcpus = 33", "g.cfg:1: vcpus is a number from 1 to 32");
}

static void keys_that_are_not_used(void **state)
{
    (void)state;
    accepted("name = 'a'\nkernel = 'k'\n"
             "disk = [ 'phy:/dev/x,xvda,w', # one\n"
             "         \"file:/y,xvdb,r\", ]\n"
             "vif = []\non_crash = \"preserve\"\nnested = [ [ 1, 2 ], 'x' ]\ntype = 'pv'\n"
             "builder = \"generic\"\n");
    assert_string_equal(ignored_text, "g.cfg:3: disk\ng.cfg:5: vif\ng.cfg:6: on_crash\n"
                                      "g.cfg:7: nested\n");
    guest_free(&guest);
}

static void restarts(void **state)
{
    (void)state;
    accepted("name = 'a'\nkernel = 'k'\non_crash = 'restart'\non_reboot = 'destroy'\n"
             "restarts = 3\n");
    assert_int_equal(guest.restarts, 3);
    assert_true(guest.restart[GUEST_CRASH]);
    assert_false(guest.restart[GUEST_REBOOT] || guest.restart[GUEST_POWEROFF]);
    assert_string_equal(ignored_text, "");
    guest_free(&guest);

    /* Settings as they are common in existing files. */
    accepted("name = 'a'\nkernel = 'k'\non_reboot = 'restart'\n");
    assert_false(guest.restart[GUEST_REBOOT]);
    assert_string_equal(ignored_text, "g.cfg:3: on_reboot\n");
    guest_free(&guest);

    refused("name = 'a'\nkernel = 'k'\nrestarts = 0\n",
            "g.cfg:3: restarts is a number from 1 to 1000000");
    refused("name = 'a'\nkernel = 'k'\nrestarts = 1\n",
            "g.cfg:4: expected on_poweroff, on_reboot or on_crash = \"restart\" beside restarts");
}

static void bad_lines(void **state)
{
    (void)state;
    refused("", "g.cfg:1: expected a name: name = \"...\"");
    refused("name = 'a'\n\n", "g.cfg:3: expected a kernel: kernel = \"...\"");
    refused("name = 'a'\nhello world\n", "g.cfg:2: expected = after the key");
    refused("name = 'a'\n= 5\n", "g.cfg:2: expected a setting: key = value");
    refused("name =\n'a'", "g.cfg:1: expected a number, a text in quotes or a list in [ ]");
    refused("name = a", "g.cfg:1: expected a number, a text in quotes or a list in [ ]");
    refused("name = 5", "g.cfg:1: expected a text in quotes");
    refused("name = 'a' kernel = 'k'", "g.cfg:1: expected the end of the line after the value");
    refused("name = 'a\nkernel = 'k'", "g.cfg:1: expected a closing ' on this line");
    refused("name = \"a", "g.cfg:1: expected a closing \" on this line");
    refused("name = \"a\\", "g.cfg:1: expected a closing \" on this line");
    refused("\n\ndisk = [ 'a'\n", "g.cfg:4: expected a , or a ] in this list");
    refused("\n\ndisk = [ 'a',\n", "g.cfg:3: expected a ] that closes this list");
    refused("disk = [ 'a'\n\n'b' ]", "g.cfg:3: expected a , or a ] in this list");
    refused("type = 'hvm'", "g.cfg:1: expected \"pv\": Pinion runs PV guests only");
    refused("name = 'a b'", "g.cfg:1: a name has 1 to 31 characters of A-Z a-z 0-9 . _ -");
    refused("name = ''", "g.cfg:1: a name has 1 to 31 characters of A-Z a-z 0-9 . _ -");
}

static void deep_lists_end(void **state)
{
    char text[5000] = "x = ";

    (void)state;
    memset(text + 4, '[', sizeof(text) - 5);
    refused(text, "g.cfg:1: expected a number, a text in quotes or a list in [ ]");
}

static void every_cut_and_every_byte(void **state)
{
    static const char text[] = "name = 'a' # c\nkernel = \"k\\\"\"\nmemory = 0x80; extra = 'e'\n"
                               "disk = [ 'a', [ 1, 2 ], # c\n 'b' ]\n";
    char changed[sizeof(text)];
    size_t at;
    int byte;

    (void)state;
    for (at = 0; at <= strlen(text); at++) {
        if (read_bytes(text, at)) {
            guest_free(&guest);
        }
    }
    for (at = 0; at < strlen(text); at++) {
        for (byte = 0; byte < 256; byte++) {
            memcpy(changed, text, sizeof(text));
            changed[at] = (char)byte;
            if (read_bytes(changed, strlen(text))) {
                guest_free(&guest);
            }
        }
    }
}

#define BASE "name='a';kernel='k'\n"

static void shares_and_caps(void **state)
{
    (void)state;
    accepted(BASE "cpu_weight = 512\ncap = 150\nvcpus = 2");
    assert_int_equal(guest.weight, 512);
    assert_int_equal(guest.cap, 150);
    guest_free(&guest);
    accepted(BASE "vcpus = 2; cap = '200'; cpu_weight = 65535");
    guest_free(&guest);
    accepted(BASE "cpu_weight = 1; cap = 0");
    assert_int_equal(guest.weight, 1);
    guest_free(&guest);
    refused(BASE "cpu_weight = 0", "g.cfg:2: cpu_weight is a number from 1 to 65535");
    refused(BASE "cpu_weight = 65536", "g.cfg:2: cpu_weight is a number from 1 to 65535");
    refused(BASE "cpu_weight = [ 1 ]", "g.cfg:2: expected a number");
    refused(BASE "cap = 3201",
            "g.cfg:2: cap is a number of percents of one CPU, up to 100 for each vCPU");
    refused(BASE "cap = 201; vcpus = 2", "g.cfg: cap is at most 200 with 2 vCPUs, not 201");
}

static void check_cpus(const char *value, unsigned long long first, unsigned long long second)
{
    char text[300];

    snprintf(text, sizeof text, BASE "cpus = %s\nvcpus = 2", value);
    accepted(text);
    assert_int_equal(guest.cpus[0], first);
    assert_int_equal(guest.cpus[1], second);
    guest_free(&guest);
}

static void affinities(void **state)
{
    (void)state;
    check_cpus("\"all\"", ~0ull, ~0ull);
    check_cpus("\"0-3,5,^1\"", 0x2d, 0x2d);
    check_cpus("\"all,^7\"", ~0x80ull, ~0x80ull);
    check_cpus("' 2 - 3 , 63 '", 0x800000000000000cull, 0x800000000000000cull);
    check_cpus("\"1,^1,1\"", 2, 2); /* the list is applied in its order */
    check_cpus("3", 8, 8);
    check_cpus("[ \"2\", \"3-8,^5\" ]", 4, 0x1d8);
    check_cpus("[ 2, 3 ]", 4, 8);
    check_cpus("[ \"0-63\" ]", ~0ull, 0);
    check_cpus("[ ]", 0, 0);
}

static void bad_affinities(void **state)
{
    static const char *const bad[] = {"",
                                      "^",
                                      "1-",
                                      "-1",
                                      "3-2",
                                      "64",
                                      "0-64",
                                      "1,",
                                      ",1",
                                      "1 2",
                                      "one",
                                      "node:0",
                                      "0x1",
                                      "^^1",
                                      "1--2",
                                      "all1",
                                      "1;2",
                                      "1-2-3",
                                      "18446744073709551617"};
    char text[200], sentence[300];

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        snprintf(text, sizeof text, BASE "cpus = '%s'", bad[i]);
        snprintf(sentence, sizeof sentence,
                 "g.cfg:2: a list of CPUs is \"all\" or numbers from 0 to 63, as in \"0-3,5,^1\"; "
                 "this is \"%s\"",
                 bad[i]);
        refused(text, sentence);
    }
    refused(BASE "cpus = \"^1\"", "g.cfg:2: the list of CPUs \"^1\" leaves none");
    refused(BASE "cpus = \"1,^0-5\"", "g.cfg:2: the list of CPUs \"1,^0-5\" leaves none");
    refused(BASE "cpus = [ \"1\", \"2\" ]", "g.cfg: cpus has lists for 2 vCPUs, the guest has 1");
    refused(BASE "cpus = [ [ \"1\" ] ]",
            "g.cfg:2: expected a list of CPUs for each vCPU, as in [\"0\", \"1-3\"]");
    refused(BASE "cpus = [ \"1\", \"x",
            "g.cfg:2: expected a closing \" on this line"); /* the refused text's memory is freed */
}

static void cpus_of_the_machine(void **state)
{
    (void)state;
    accepted(BASE "vcpus = 2; cpus = [ \"0-3\", \"2-3\" ]");
    assert_true(guest_check_cpus(&guest, 64, &failure));
    assert_true(guest_check_cpus(&guest, 255, &failure));
    assert_true(guest_check_cpus(&guest, 3, &failure));
    assert_false(guest_check_cpus(&guest, 2, &failure));
    assert_string_equal(failure.sentence, "a: cpus: the machine has none of the CPUs that vCPU 1 "
                                          "may run on; it has 2 (--machine-cpus)");
    guest_free(&guest);
    accepted(BASE "vcpus = 1; cpus = []");
    assert_true(guest_check_cpus(&guest, 1, &failure));
    guest_free(&guest);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(shares_and_caps),
        cmocka_unit_test(affinities),
        cmocka_unit_test(bad_affinities),
        cmocka_unit_test(cpus_of_the_machine),
        cmocka_unit_test(a_usual_file),
        cmocka_unit_test(the_least_file),
        cmocka_unit_test(the_command_line),
        cmocka_unit_test(numbers),
        cmocka_unit_test(keys_that_are_not_used),
        cmocka_unit_test(restarts),
        cmocka_unit_test(bad_lines),
        cmocka_unit_test(deep_lists_end),
        cmocka_unit_test(every_cut_and_every_byte),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
