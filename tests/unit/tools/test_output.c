/* SPDX-License-Identifier: MIT */
/* Proves that the command checks each of its own writes: it waits where a descriptor that does not
 * block has no room, names the reason where nothing can be written, and turns success into a status
 * of its own. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "tools/output.h"

/* Executes `body` in a process whose standard output and error are `out` and `error`; -1: closed.
 * Returns its exit status. */
static int with(int out, int error, int (*body)(void))
{
    int status;
    pid_t pid = fork();

    if (!pid) {
        if (out < 0) {
            close(STDOUT_FILENO);
        } else {
            dup2(out, STDOUT_FILENO);
        }
        if (error < 0) {
            close(STDERR_FILENO);
        } else {
            dup2(error, STDERR_FILENO);
        }
        output_start();
        _exit(body());
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static int print(void)
{
    struct failure failure = {""};

    if (!output_print("text", &failure)) {
        output_complain(failure.sentence);
    }
    return output_status(0);
}

static int complain(void)
{
    output_complain("a sentence");
    return output_status(0) * 16 + output_status(3);
}

static void expect_text(int from, const char *text)
{
    char bytes[2000] = "";

    assert_true(read(from, bytes, sizeof(bytes) - 1) >= 0);
    assert_string_equal(bytes, text);
}

static void what_cannot_be_written(void **state)
{
    int full = open("/dev/full", O_WRONLY), error[2], out[2];

    (void)state;
    assert_true(full >= 0);
    assert_int_equal(pipe(error), 0);
    assert_int_equal(pipe(out), 0);
    assert_int_equal(with(out[1], error[1], print), 0);
    expect_text(out[0], "text");
    assert_int_equal(with(full, error[1], print), EXIT_OUTPUT);
    expect_text(error[0], "pinion: standard output: No space left on device\n");
    assert_int_equal(with(-1, error[1], print), EXIT_OUTPUT);
    expect_text(error[0], "pinion: standard output: Bad file descriptor\n");
    assert_int_equal(with(full, full, print), EXIT_OUTPUT);
    assert_int_equal(with(out[1], error[1], complain), 3);
    expect_text(error[0], "pinion: a sentence\n");
    assert_int_equal(with(out[1], full, complain), EXIT_OUTPUT * 16 + 3);
    assert_int_equal(with(out[1], -1, complain), EXIT_OUTPUT * 16 + 3);
}

#define LONG 300000u /* bytes: more than a pipe holds */

static int print_much(void)
{
    struct failure failure = {""};
    char *text = malloc(LONG + 1);

    memset(text, 'x', LONG);
    text[LONG] = 0;
    output_print(text, &failure);
    free(text);
    return output_status(0);
}

static void a_slow_reader_that_does_not_block(void **state)
{
    static char bytes[LONG];
    size_t total = 0;
    int out[2], status;
    ssize_t got;
    pid_t reader;

    (void)state;
    assert_int_equal(pipe2(out, O_NONBLOCK), 0);
    reader = fork();
    if (!reader) {
        fcntl(out[0], F_SETFL, 0);
        close(out[1]);
        usleep(200000);
        while ((got = read(out[0], bytes, sizeof(bytes))) > 0) {
            total += (size_t)got;
        }
        _exit(total == LONG ? 0 : 1);
    }
    assert_int_equal(with(out[1], STDERR_FILENO, print_much), 0);
    close(out[1]);
    assert_int_equal(waitpid(reader, &status, 0), reader);
    assert_int_equal(status, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_cannot_be_written),
        cmocka_unit_test(a_slow_reader_that_does_not_block),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
