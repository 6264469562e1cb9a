/* SPDX-License-Identifier: MIT */
/* Proves that a .cfg file gets the meaning that xl gives it, that what is refused is named with its
 * file and line, and that any text is read without error of memory. Whether xl itself reads files
 * so, tests/system/test_xl_agrees.sh proves. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "tools/cfg.h"
#include "tools/settings.h"

#define BASE "name='a';kernel='k'\n"

/* libxlutil leaks what it had read of a text that it refuses. */
const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void)
{
    return "leak:libxlutil.so";
}

static struct guest guest;
static struct failure failure;
static char notes_text[1000];

/* Reads an exact copy, so that ASan notices a read beyond the text. */
static bool read_bytes(const char *text, size_t size)
{
    struct buffer notes = {0};
    char *copy = malloc(size ? size : 1);
    bool well;

    memcpy(copy, text, size);
    failure.sentence[0] = 0;
    well = cfg_read("g.cfg", copy, size, &guest, &notes, &failure);
    assert_true(well || !strncmp(failure.sentence, "g.cfg:", 6));
    size = notes.size < sizeof(notes_text) ? notes.size : sizeof(notes_text) - 1;
    if (size) {
        memcpy(notes_text, notes.bytes, size);
    }
    notes_text[size] = 0;
    buffer_free(&notes);
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
             "\tramdisk = \"/boot/initrd\"\n"
             "memory = 512; vcpus = 1\n"
             "root = '/dev/xvda1 ro'\n"
             "extra = \"console=hvc0 \\\"quiet\\\"\"");
    assert_string_equal(guest.name, "web-1");
    assert_string_equal(guest.kernel, "/boot/vmlinuz # not a comment");
    assert_string_equal(guest.ramdisk, "/boot/initrd");
    assert_int_equal(guest.memory, 512);
    assert_int_equal(guest.vcpus, 1);
    assert_int_equal(guest.online, 1);
    assert_string_equal(guest.cmdline, "root=/dev/xvda1 ro console=hvc0 \"quiet\"");
    assert_string_equal(notes_text, "");
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
            "g.cfg:3: a kernel command line has no control characters");
    assert_string_equal(notes_text, "");
    accepted("name='a'\nkernel='k'\nroot='r'\nextra='e'\ncmdline=''");
    assert_string_equal(guest.cmdline, "");
    assert_string_equal(notes_text, "g.cfg:3: root is not used beside cmdline\n"
                                    "g.cfg:4: extra is not used beside cmdline\n");
    guest_free(&guest);
    accepted("name='a'\nkernel='k'\nextra += ' x'\nextra+='y'\nroot='r'");
    assert_string_equal(guest.cmdline, "root=r  xy");
    guest_free(&guest);
    accepted("name='a'\nkernel='k'\nextra='a\\'b\\\"\\\\'");
    assert_string_equal(guest.cmdline, "a'b\"\\");
    guest_free(&guest);
    accepted("name='a'\nkernel='k'\nextra=5");
    assert_string_equal(guest.cmdline, "5");
    guest_free(&guest);
}

static void names_and_files(void **state)
{
    char long_name[HANDOFF_NAME_MAX + 2], text[200];

    (void)state;
    accepted("name='a~b c/\xc3\xa9'\nkernel=5\nramdisk=''");
    assert_string_equal(guest.name, "a~b c/\xc3\xa9");
    assert_string_equal(guest.kernel, "5");
    assert_null(guest.ramdisk);
    assert_string_equal(notes_text, "");
    guest_free(&guest);
    memset(long_name, 'n', sizeof(long_name));
    snprintf(text, sizeof(text), "name='%.127s';kernel='k'", long_name);
    accepted(text);
    guest_free(&guest);
    snprintf(text, sizeof(text), "name='%.128s';kernel='k'", long_name);
    refused(text, "g.cfg:1: a name has 1 to 127 bytes, and no control characters");
    refused("name='';kernel='k'", "g.cfg:1: a name has 1 to 127 bytes, and no control characters");
    refused("kernel='k'\nname=\"a\\nb\"",
            "g.cfg:2: a name has 1 to 127 bytes, and no control characters");
    refused("name=['a'];kernel='k'", "g.cfg: expected a name: name = \"...\"");
    refused("name='a';kernel=''", "g.cfg: expected a kernel: kernel = \"...\"");
}

static void vcpus(void **state)
{
    static const struct {
        const char *text;
        unsigned online, vcpus;
    } right[] = {
        {"vcpus=2", 2, 2},
        {"maxvcpus=4", 1, 4},
        {"vcpus=2\nmaxvcpus=4", 2, 4},
        {"maxvcpus=4\nvcpus=2", 2, 4},
        {"vcpus=2\nmaxvcpus=4\nvcpus=3", 3, 4},
        {"vcpus=0\nmaxvcpus=2", 1, 2},
        {"vcpus=2\nmaxvcpus=0", 2, 2},
        {"vcpus=32\nmaxvcpus=32", 32, 32},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(right) / sizeof(right[0]); i++) {
        char text[200];

        snprintf(text, sizeof(text), "name='a';kernel='k'\n%s", right[i].text);
        accepted(text);
        assert_int_equal(guest.online, right[i].online);
        assert_int_equal(guest.vcpus, right[i].vcpus);
        guest_free(&guest);
    }
    refused("name='a';kernel='k'\nvcpus=4\nmaxvcpus=2",
            "g.cfg:3: maxvcpus is at least as many as vcpus, which is 4");
    refused("name='a';kernel='k'\nmaxvcpus=33", "g.cfg:2: maxvcpus is a number from 1 to 32");
    refused("name='a';kernel='k'\nvcpus='-1'", "g.cfg:2: vcpus is a number from 1 to 32");
}

static void numbers(void **state)
{
    (void)state;
    accepted("name='a'\nkernel='k'\nmemory=0x100\nvcpus='1'");
    assert_int_equal(guest.memory, 256);
    guest_free(&guest);
    refused(BASE "memory = 0", "g.cfg:2: memory is a number of MiB from 1 to 1048576");
    refused(BASE "memory = '-1'", "g.cfg:2: memory is a number of MiB from 1 to 1048576");
    refused(BASE "vcpus = 33", "g.cfg:2: vcpus is a number from 1 to 32");
    refused(BASE "memory = 64\nmaxmem = 32",
            "g.cfg:3: maxmem is at least as much as memory, which is 64");
    accepted(BASE "maxmem = 0100");
    assert_int_equal(guest.memory, 64);
    guest_free(&guest);
    accepted(BASE "memory = 64\nmaxmem = 128");
    assert_int_equal(guest.memory, 64);
    assert_string_equal(notes_text,
                        "g.cfg:3: maxmem is not used: a guest cannot grow beyond memory\n");
    guest_free(&guest);
}

/* As with xl, such a value is reported, and the default taken. */
static void values_of_the_wrong_type(void **state)
{
    static const char *const wrong[] = {"'5x'", "5x", "''", "09", "99999999999999999999"};

    (void)state;
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        char text[200];

        snprintf(text, sizeof(text), BASE "memory = %s", wrong[i]);
        accepted(text);
        assert_int_equal(guest.memory, 256);
        assert_string_equal(notes_text, "g.cfg:2: memory is no number, and is not used\n");
        guest_free(&guest);
    }
    accepted(BASE "ramdisk = ['r']\nvcpus = ['2']\ntype = []\non_crash = []");
    assert_null(guest.ramdisk);
    assert_int_equal(guest.vcpus, 1);
    assert_string_equal(
        notes_text, "g.cfg:4: type is a list where a single value belongs, and is not used\n"
                    "g.cfg:2: ramdisk is a list where a single value belongs, and is not used\n"
                    "g.cfg:3: vcpus is a list where a single value belongs, and is not used\n"
                    "g.cfg:5: on_crash is a list where a single value belongs, and is not used\n");
    guest_free(&guest);
}

static void keys_that_are_not_used(void **state)
{
    (void)state;
    accepted("name = 'a'\nkernel = 'k'\n"
             "disk = [ 'phy:/dev/x,xvda,w', # one\n"
             "         \"file:/y,xvdb,r\", ]\n"
             "vif = []\non_crash = \"preserve\"\nnested = [ [ 1, 2 ], 'x' ]\ntype = 'pv'\n"
             "builder = \"generic\"\n");
    assert_string_equal(notes_text, "g.cfg:6: on_crash is not used\ng.cfg:3: disk is not used\n"
                                    "g.cfg:5: vif is not used\ng.cfg:7: nested is not used\n");
    guest_free(&guest);
    /* Once each; what only looks like a key is none. */
    accepted(BASE "# no=1\nextra='no=1'\nfoo=1\nfoo=2;foo+=3\nf.oo_1=[]");
    assert_string_equal(notes_text, "g.cfg:5: foo is not used\ng.cfg:6: f.oo_1 is not used\n");
    guest_free(&guest);
    accepted(BASE "# no=1\nextra='no=1'\nno=[\n1,\n2]\n");
    assert_string_equal(notes_text, "g.cfg:4: no is not used\n");
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
    assert_string_equal(notes_text, "");
    guest_free(&guest);

    /* Settings as they are common in existing files. */
    accepted("name = 'a'\nkernel = 'k'\non_reboot = 'restart'\n");
    assert_false(guest.restart[GUEST_REBOOT]);
    assert_string_equal(notes_text, "g.cfg:3: on_reboot is not used\n");
    guest_free(&guest);

    refused("name = 'a'\nkernel = 'k'\nrestarts = 0\n",
            "g.cfg:3: restarts is a number from 1 to 1000000");
    refused("name = 'a'\nkernel = 'k'\nrestarts = 1\n",
            "g.cfg:3: expected on_poweroff, on_reboot or on_crash = \"restart\" beside restarts");
    refused(BASE "on_watchdog = 'none'",
            "g.cfg:2: expected destroy, restart, rename-restart, preserve, coredump-destroy, "
            "coredump-restart or soft-reset");
}

static void bad_lines(void **state)
{
    (void)state;
    refused("", "g.cfg: expected a name: name = \"...\"");
    refused("name = 'a'\n\n", "g.cfg: expected a kernel: kernel = \"...\"");
    refused("name = 'a'\nhello world\n", "g.cfg:2: expected = or += after the key, not world");
    refused("name = 'a'\nhello\n", "g.cfg:2: expected = or += after the key");
    refused("name = 'a'\n= 5\n", "g.cfg:2: expected a setting: key = value, not =");
    refused("name =\n'a'", "g.cfg:1: expected a number, a text in quotes or a list in [ ]");
    refused("name = a", "g.cfg:1: expected a number, a text in quotes or a list in [ ], not a");
    refused("name = 'a' kernel = 'k'",
            "g.cfg:1: expected the end of the line after the value, not kernel");
    refused("name = 'a\nkernel = 'k'", "g.cfg:1: expected a closing ' on this line");
    refused("name = \"a", "g.cfg:1: expected a closing \" on this line");
    refused("name = \"a\\", "g.cfg:1: expected a closing \" on this line");
    refused("\n\ndisk = [ 'a'\n", "g.cfg:3: expected a , or a ] in this list");
    refused("\n\ndisk = [ 'a',\n", "g.cfg:3: expected a , or a ] in this list");
    refused("disk = [ 'a'\n\n'b' ]", "g.cfg:3: expected a , or a ] in this list, not 'b'");
    refused("disk = [ 'a' ]\ndisk += 'b'",
            "g.cfg:2: expected += of a text to a text, or of a list to a list");
    refused(BASE "type = 'hvm'", "g.cfg:2: expected \"pv\": Pinion runs PV guests only");
    refused(BASE "builder = 'linux'", "g.cfg:2: expected \"generic\": Pinion runs PV guests only");
}

static void bad_bytes(void **state)
{
    static const char nul[] = "a=1\nb=1 # \0", no_value[] = "key = value, with a number, a text in "
                                                            "quotes or a list in [ ] as the value";
    char sentence[200], *large = malloc(SETTINGS_SIZE_MAX + 1);

    (void)state;
    refused("\xef\xbb\xbfname='a'\n",
            "g.cfg:1: expected no byte order mark before the first setting");
    refused("a=1\nname='a'\r\n",
            "g.cfg:2: expected lines that end with a line feed alone, not with "
            "a carriage return before it");
    refused("name='a'\n# end", "g.cfg:2: expected the end of the line after the comment");
    refused("a=1\nb=\"\\q\"\n", "g.cfg:2: expected no escape that xl cannot read, as in \"\\q\"");
    snprintf(sentence, sizeof(sentence), "g.cfg:2: expected %s, not -5", no_value);
    refused("a=1\nb=-5\n", sentence);
    snprintf(sentence, sizeof(sentence), "g.cfg:2: expected %s, not ?", no_value);
    refused("a=1\nb=\x01\n", sentence);
    assert_false(read_bytes(nul, sizeof(nul) - 1));
    assert_string_equal(failure.sentence, "g.cfg:2: expected text, not a NUL byte");
    memset(large, '\n', SETTINGS_SIZE_MAX + 1);
    assert_false(read_bytes(large, SETTINGS_SIZE_MAX + 1));
    assert_string_equal(failure.sentence, "g.cfg: a guest's description has at most 1048576 bytes, "
                                          "this file has 1048577");
    free(large);
}

static void deep_lists_end(void **state)
{
    char text[50000] = "x = ";

    (void)state;
    memset(text + 4, '[', sizeof(text) - 5);
    refused(text, "g.cfg:1: expected lists that are nested less deeply");
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
    refused(BASE "cap = 3201",
            "g.cfg:2: cap is a number of percents of one CPU, up to 100 for each vCPU");
    refused(BASE "cap = 201; vcpus = 2", "g.cfg:2: cap is at most 200 with 2 vCPUs, not 201");
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
    check_cpus("' 2- 3,+63,'", 0x800000000000000cull, 0x800000000000000cull);
    check_cpus("'60-70,,64'", 0xf000000000000000ull, 0xf000000000000000ull);
    check_cpus("'nodes:0-1,^node:1,^0'", ~1ull, ~1ull);
    check_cpus("\"1,^1,1\"", 2, 2); /* the list is applied in its order */
    check_cpus("3", 8, 8);
    check_cpus("[ \"2\", \"3-8,^5\" ]", 4, 0x1d8);
    check_cpus("[ 2, 3 ]", 4, 8);
    check_cpus("[ \"0-63\" ]", ~0ull, 0);
    check_cpus("[ ]", 0, 0);
    check_cpus("[ 1, 2, \"x\" ]", 2, 4);
}

static void bad_affinities(void **state)
{
    static const char *const none[] = {"", ",", "^1", "1,^0-5", "64", "node:1", "3,^node:0"};
    static const char *const bad[] = {"^",       "1-",       "-1",   "3-2",
                                      "1 2",     "1 ",       "one",  "0x1",
                                      "^^1",     "1--2",     "all1", " all",
                                      "1;2",     "^all",     "ALL",  "1-2-3",
                                      "node:",   "node:1-0", "1 ,2", "18446744073709551617",
                                      "node:all"};
    char text[200], sentence[300];

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        snprintf(text, sizeof text, BASE "cpus = '%s'", bad[i]);
        snprintf(
            sentence, sizeof sentence,
            "g.cfg:2: a list of CPUs is \"all\" or numbers, as in \"0-3,5,^1\"; this is \"%s\"",
            bad[i]);
        refused(text, sentence);
    }
    for (size_t i = 0; i < sizeof none / sizeof none[0]; i++) {
        snprintf(text, sizeof text, BASE "cpus = '%s'", none[i]);
        snprintf(sentence, sizeof sentence,
                 "g.cfg:2: the list of CPUs \"%s\" leaves none of the numbers 0 to 63", none[i]);
        refused(text, sentence);
    }
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

/* A file that does not exist, or is none, counts by its name alone. */
static void recognised(void **state)
{
    static const struct {
        bool is_cfg;
        const char *text;
        size_t size;
    } file[] = {
#define CONTENTS(is_cfg, text) {is_cfg, text, sizeof(text) - 1}
        CONTENTS(true, "name='a'"),
        CONTENTS(true, "\n # c\n;\r\n\tf.oo_1 \t+= 'a\n"),
        CONTENTS(true, "\xef\xbb\xbfname='a'"),
        CONTENTS(true, "#!/usr/sbin/xl create\nname=wrong"),
        CONTENTS(false, ""),
        CONTENTS(false, "# nothing"),
        CONTENTS(false, "name"),
        CONTENTS(false, "#!/bin/sh\nset -eu\n"),
        CONTENTS(false, "= 1"),
        CONTENTS(false, "\177ELF=1"),
        CONTENTS(false, "name='a'\0"),
#undef CONTENTS
    };
    char path[] = "/tmp/test_cfg.XXXXXX";
    int descriptor = mkstemp(path);

    (void)state;
    assert_true(descriptor >= 0);
    for (size_t i = 0; i < sizeof(file) / sizeof(file[0]); i++) {
        assert_int_equal(ftruncate(descriptor, 0), 0);
        assert_int_equal(pwrite(descriptor, file[i].text, file[i].size, 0), file[i].size);
        assert_int_equal(cfg_is_one(path), file[i].is_cfg);
    }
    close(descriptor);
    unlink(path);
    assert_false(cfg_is_one(path));
    assert_false(cfg_is_one("/dev/null"));
    assert_false(cfg_is_one("/tmp"));
    assert_false(cfg_is_one(".cfg"));
    assert_true(cfg_is_one("nowhere.cfg"));
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
        cmocka_unit_test(names_and_files),
        cmocka_unit_test(vcpus),
        cmocka_unit_test(numbers),
        cmocka_unit_test(values_of_the_wrong_type),
        cmocka_unit_test(keys_that_are_not_used),
        cmocka_unit_test(restarts),
        cmocka_unit_test(bad_lines),
        cmocka_unit_test(bad_bytes),
        cmocka_unit_test(recognised),
        cmocka_unit_test(deep_lists_end),
        cmocka_unit_test(every_cut_and_every_byte),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
