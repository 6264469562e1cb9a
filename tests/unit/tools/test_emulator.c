/* SPDX-License-Identifier: MIT */
/* Proves that the emulator gets the right command line, with the user's own arguments at its end
 * and their accelerator, and that its exit status is read as section "The end" of lib/handoff.h
 * says. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "tools/emulator.h"

/* The command line as one text. */
static char *command_text(const char **arguments, unsigned count)
{
    static const struct emulator emulator = {.program = "/bin/qemu", .hypervisor = "/x/pinion.bin"};
    static const int file[] = {7, 8, 11};
    const struct emulator_machine machine = {
        .memory = 320, .cpus = 1, .log = 5, .console = 6, .file = file, .files = 3};
    struct options options = {.emulator_argument = arguments, .emulator_arguments = count};
    char **command = emulator_command(&emulator, &machine, &options);
    struct buffer text = {0};
    unsigned i;

    for (i = 0; command[i]; i++) {
        buffer_append(&text, command[i], strlen(command[i]));
        buffer_append(&text, command[i + 1] ? " " : "", 1);
    }
    emulator_command_free(command);
    return (char *)text.bytes;
}

static void the_command_line(void **state)
{
    const char *arguments[] = {"-d", "int"};
    char *text = command_text(arguments, 2);

    (void)state;
    assert_string_equal(text,
                        "/bin/qemu -accel tcg -machine pc -cpu max -nodefaults -no-user-config "
                        "-display none -no-reboot -m 320 -smp 1 -kernel /x/pinion.bin "
                        "-initrd /proc/self/fd/7,/proc/self/fd/8,/proc/self/fd/11 "
                        "-chardev socket,id=log,fd=5 -serial chardev:log "
                        "-chardev socket,id=console,fd=6 -serial chardev:console "
                        "-device isa-debug-exit,iobase=0xf4,iosize=1 -d int");
    free(text);
}

static void the_users_accelerator(void **state)
{
    static const char *words[] = {"-enable-kvm", "--enable-kvm", "-accel", "accel=kvm"};
    unsigned i;

    (void)state;
    for (i = 0; i < 4; i++) {
        char *text = command_text(&words[i], 1);

        assert_null(strstr(text, "-accel tcg"));
        free(text);
    }
}

static void expect(int status, int exit_status, const char *sentence)
{
    struct failure failure;

    assert_int_equal(emulator_exit_status(status, "last words", &failure), exit_status);
    assert_string_equal(failure.sentence, sentence);
}

static void the_end(void **state)
{
    (void)state;
    expect(33 << 8, 0, "");
    expect(35 << 8, 1, "");
    expect(37 << 8, 3, "the hypervisor failed: last words");
    expect(39 << 8, 3,
           "the machine has no first serial port (COM1), to which the hypervisor writes its log");
    expect(0, 3, "the machine stopped or reset before the hypervisor reported an end");
    expect(1 << 8, 3, "the emulator ended with status 1 before the hypervisor reported an end");
    expect(9, 3, "the emulator was ended by signal 9 (Killed)");
    assert_true(emulator_is_reported_end(33 << 8) && emulator_is_reported_end(35 << 8) &&
                emulator_is_reported_end(37 << 8) && emulator_is_reported_end(39 << 8));
    assert_false(emulator_is_reported_end(0) || emulator_is_reported_end(1 << 8) ||
                 emulator_is_reported_end(9) || emulator_is_reported_end(33));
}

static void finding(void **state)
{
    struct emulator emulator;
    struct failure failure;

    (void)state;
    setenv("PATH", "/nowhere:/tmp", 1);
    setenv("PINION_HYPERVISOR", "/nowhere/pinion.bin", 1);
    assert_false(emulator_find(&emulator, &failure));
    assert_string_equal(failure.sentence,
                        "qemu-system-x86_64 was not found: install the package qemu-system-x86");
    setenv("PATH", "/nowhere:/usr/bin", 1);
    assert_false(emulator_find(&emulator, &failure));
    assert_non_null(strstr(failure.sentence, "/nowhere/pinion.bin: the hypervisor image cannot"));
    setenv("PINION_HYPERVISOR", "/dev/null", 1);
    assert_true(emulator_find(&emulator, &failure));
    assert_string_equal(emulator.program, "/usr/bin/qemu-system-x86_64");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_command_line),
        cmocka_unit_test(the_users_accelerator),
        cmocka_unit_test(the_end),
        cmocka_unit_test(finding),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
