/* SPDX-License-Identifier: MIT */
/* Proves that the relay loses no byte and never deadlocks: with a fast machine and a slow reader,
 * with keys that wait for the machine, with a deadline that must hold although no one reads, with a
 * reader that goes away, and with outputs that cannot be written, which it reports. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <cmocka.h>

#include "tests/patience.h"
#include "tools/output.h"
#include "tools/relay.h"

static const struct guests one = {1, {{.name = "only"}}};

/* The relay has log_wire[0], console_wire[0], log_pipe[1], out_pipe[1] and in_pipe[0]; the test has
 * the other ends. */
struct bench {
    struct relay relay;
    int log_wire[2], console_wire[2];
    int log_pipe[2], out_pipe[2], in_pipe[2];
};

static void start(struct bench *bench)
{
    relay_start(&bench->relay, &one);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, bench->log_wire), 0);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, bench->console_wire), 0);
    assert_int_equal(pipe(bench->log_pipe), 0);
    assert_int_equal(pipe(bench->out_pipe), 0);
    assert_int_equal(pipe(bench->in_pipe), 0);
    bench->relay.log_wire = bench->log_wire[0];
    bench->relay.console_wire = bench->console_wire[0];
    bench->relay.log_to = bench->log_pipe[1];
    bench->relay.out_to = bench->out_pipe[1];
    bench->relay.in_from = bench->in_pipe[0];
}

/* Closes the descriptors of the bench that this process has; -1 stands for one that is closed
 * already. */
static void close_all(struct bench *bench)
{
    int *all[] = {bench->log_wire, bench->console_wire, bench->log_pipe, bench->out_pipe,
                  bench->in_pipe};
    unsigned i;

    for (i = 0; i < 10; i++) {
        if (all[i / 2][i % 2] >= 0) {
            close(all[i / 2][i % 2]);
        }
        all[i / 2][i % 2] = -1;
    }
    relay_free(&bench->relay);
}

static void drop(int *descriptor)
{
    close(*descriptor);
    *descriptor = -1;
}

static void write_all(int to, const void *bytes, size_t size)
{
    while (size) {
        ssize_t wrote = write(to, bytes, size);

        if (wrote < 0) {
            _exit(9);
        }
        bytes = (const char *)bytes + wrote;
        size -= (size_t)wrote;
    }
}

static pid_t child(void (*body)(struct bench *bench), struct bench *bench)
{
    pid_t pid = fork();

    if (!pid) {
        body(bench);
        _exit(0);
    }
    return pid;
}

static int child_status(pid_t pid)
{
    int status;

    assert_int_equal(waitpid(pid, &status, 0), pid);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* Runs the relay with a deadline, and goes on where it has only reported that the machine is awake.
 */
static enum relay_end run(struct bench *bench, unsigned seconds)
{
    enum relay_end end;

    relay_set_deadline(&bench->relay, seconds);
    end = relay_run(&bench->relay);
    return end == RELAY_AWAKE ? relay_run(&bench->relay) : end;
}

/* ---- a fast machine and a slow reader -----------------------------------------------------------
 */

#define FLOOD 12000000u /* bytes: more than queues and pipes together hold */

static void flooding_machine(struct bench *bench)
{
    static uint8_t bytes[FLOOD];
    unsigned i;

    drop(&bench->console_wire[0]);
    drop(&bench->log_wire[0]);
    for (i = 0; i < FLOOD; i++) {
        bytes[i] = (uint8_t)('a' + i % 23);
    }
    write_all(bench->log_wire[1], bytes, 1000);
    write_all(bench->console_wire[1], bytes, FLOOD);
}

static void slow_reader(struct bench *bench)
{
    static uint8_t bytes[60000];
    size_t total = 0;
    ssize_t got;

    drop(&bench->out_pipe[1]);
    drop(&bench->log_wire[1]);
    drop(&bench->console_wire[1]);
    usleep(300000);
    while ((got = read(bench->out_pipe[0], bytes, sizeof(bytes))) > 0) {
        ssize_t i;

        for (i = 0; i < got; i++) {
            if (bytes[i] != (uint8_t)('a' + (total + (size_t)i) % 23)) {
                _exit(1);
            }
        }
        total += (size_t)got;
        if (total % 100 == 0) {
            usleep(1000);
        }
    }
    _exit(total == FLOOD ? 0 : 2);
}

static void nothing_is_lost(int flags)
{
    pid_t machine, reader;
    struct bench bench;

    start(&bench);
    assert_int_equal(fcntl(bench.out_pipe[1], F_SETFL, flags), 0);
    drop(&bench.in_pipe[1]);
    machine = child(flooding_machine, &bench);
    reader = child(slow_reader, &bench);
    drop(&bench.log_wire[1]);
    drop(&bench.console_wire[1]);
    drop(&bench.out_pipe[0]);
    assert_int_equal(run(&bench, PATIENCE_SECONDS), RELAY_ENDED);
    assert_int_equal(child_status(machine), 0);
    drop(&bench.out_pipe[1]);
    assert_int_equal(child_status(reader), 0);
    close_all(&bench);
}

static void nothing_is_lost_on_a_pipe(void **state)
{
    (void)state;
    nothing_is_lost(0);
}

/* Another process may have made our standard output one that does not block. */
static void nothing_is_lost_without_blocking(void **state)
{
    (void)state;
    nothing_is_lost(O_NONBLOCK);
}

/* ---- the other cases
 * ---------------------------------------------------------------------------- */

static void waking_machine(struct bench *bench)
{
    uint8_t byte = 0;

    usleep(200000);
    /* Keys that came before the machine was awake are kept until then. */
    if (recv(bench->console_wire[1], &byte, 1, MSG_DONTWAIT) >= 0) {
        _exit(1);
    }
    write_all(bench->log_wire[1], "up\n", 3);
    if (read(bench->console_wire[1], &byte, 1) != 1 || byte != 'k') {
        _exit(2);
    }
    write_all(bench->console_wire[1],
              "\x10"
              "Aseen",
              6);
}

static void keys_wait_for_the_machine(void **state)
{
    struct bench bench;
    char bytes[10];
    pid_t machine;

    (void)state;
    start(&bench);
    write_all(bench.in_pipe[1], "k", 1);
    machine = child(waking_machine, &bench);
    drop(&bench.log_wire[1]);
    drop(&bench.console_wire[1]);
    assert_int_equal(run(&bench, PATIENCE_SECONDS), RELAY_ENDED);
    assert_int_equal(child_status(machine), 0);
    assert_int_equal(read(bench.out_pipe[0], bytes, sizeof(bytes)), 4);
    assert_memory_equal(bytes, "seen", 4);
    assert_int_equal(read(bench.log_pipe[0], bytes, sizeof(bytes)), 3);
    close_all(&bench);
}

static double seconds(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* Fills a wire, with more than a pipe holds. */
static void fill_wire(int wire)
{
    static const uint8_t bytes[4096];

    while (send(wire, bytes, sizeof(bytes), MSG_DONTWAIT) > 0) {
    }
}

/* No one reads standard output while the machine goes on writing: the deadline and the final drain
 * still end the run. */
static void a_deadline_with_a_stuck_reader(void **state)
{
    double before = seconds();
    struct bench bench;
    pid_t machine;

    (void)state;
    start(&bench);
    fill_wire(bench.console_wire[1]); /* the machine may run late */
    machine = child(flooding_machine, &bench);
    assert_int_equal(run(&bench, 1), RELAY_TIMEOUT);
    assert_in_range((long)(seconds() - before), 1, PATIENCE_SECONDS);
    kill(machine, SIGKILL);
    assert_int_equal(child_status(machine), -1);
    drop(&bench.log_wire[1]);
    drop(&bench.console_wire[1]);
    assert_false(relay_drain(&bench.relay));
    assert_in_range((long)(seconds() - before), 1, PATIENCE_SECONDS);
    close_all(&bench);
}

/* A machine that ends 2 s after it has said what it says. */
static void slowly_ending_machine(struct bench *bench, const char *says)
{
    write_all(bench->console_wire[1], says, strlen(says));
    sleep(2);
}

static void machine_without_guests(struct bench *bench)
{
    slowly_ending_machine(bench, "\x10!");
}

static void machine_with_a_guest(struct bench *bench)
{
    slowly_ending_machine(bench, "\x10"
                                 "A!");
}

/* Guests that have ended before the deadline are no time-out, however long the machine takes to
 * end; guests that have not are one, also if their output looks like the sign of the end. */
static void a_deadline_after_the_guests_end(void **state)
{
    for (unsigned ended = 0; ended < 2; ended++) {
        struct bench bench;
        pid_t machine;

        (void)state;
        start(&bench);
        machine = child(ended ? machine_without_guests : machine_with_a_guest, &bench);
        drop(&bench.log_wire[1]);
        drop(&bench.console_wire[1]);
        assert_int_equal(run(&bench, 1), ended ? RELAY_ENDED : RELAY_TIMEOUT);
        assert_int_equal(child_status(machine), 0);
        close_all(&bench);
    }
}

static void what_is_on_the_wire_is_drained(void **state)
{
    struct bench bench;
    char bytes[100];

    (void)state;
    start(&bench);
    write_all(bench.console_wire[1],
              "\x10"
              "Alast words",
              12);
    write_all(bench.log_wire[1], "of both", 7);
    drop(&bench.console_wire[1]);
    drop(&bench.log_wire[1]);
    assert_true(relay_drain(&bench.relay));
    assert_int_equal(read(bench.out_pipe[0], bytes, sizeof(bytes)), 10);
    assert_int_equal(read(bench.log_pipe[0], bytes, sizeof(bytes)), 7);
    close_all(&bench);
}

/* Standard output is a terminal that does not take any more (the user pressed Ctrl-S, say). It says
 * that it can be written, and then a write that does not fit would wait. */
static void a_deadline_with_a_stuck_terminal(void **state)
{
    double before = seconds();
    int terminal = posix_openpt(O_RDWR | O_NOCTTY), slave;
    struct bench bench;
    pid_t machine;

    (void)state;
    assert_true(terminal >= 0 && !grantpt(terminal) && !unlockpt(terminal));
    slave = open(ptsname(terminal), O_RDWR | O_NOCTTY);
    assert_true(slave >= 0);
    start(&bench);
    bench.relay.out_to = output_without_waiting(slave);
    assert_int_not_equal(bench.relay.out_to, slave);
    assert_false(fcntl(slave, F_GETFL) & O_NONBLOCK);
    machine = child(flooding_machine, &bench);
    alarm(PATIENCE_SECONDS); /* ends this test if the relay waits in a write */
    assert_int_equal(run(&bench, 1), RELAY_TIMEOUT);
    alarm(0);
    assert_in_range((long)(seconds() - before), 1, PATIENCE_SECONDS);
    kill(machine, SIGKILL);
    assert_int_equal(child_status(machine), -1);
    close(bench.relay.out_to);
    close(slave);
    close(terminal);
    close_all(&bench);
}

static void a_reader_that_goes_away(void **state)
{
    struct bench bench;

    (void)state;
    signal(SIGPIPE, SIG_IGN);
    start(&bench);
    write_all(bench.log_wire[1], "log", 3);
    assert_int_equal(relay_run(&bench.relay), RELAY_AWAKE);
    drop(&bench.out_pipe[0]); /* the run ends when standard output's reader goes away */
    write_all(bench.console_wire[1], "out", 3);
    assert_int_equal(run(&bench, PATIENCE_SECONDS), RELAY_NO_READER);
    close_all(&bench);

    start(&bench);
    bench.relay.needs_reader = false; /* or it goes on */
    drop(&bench.out_pipe[0]);
    write_all(bench.console_wire[1], "out", 3);
    assert_int_equal(run(&bench, PATIENCE_SECONDS), RELAY_BROKEN);
    assert_int_equal(bench.relay.out_error, EPIPE);
    drop(&bench.log_wire[1]);
    drop(&bench.console_wire[1]);
    assert_int_equal(run(&bench, PATIENCE_SECONDS), RELAY_ENDED);
    close_all(&bench);

    start(&bench); /* it goes on, too, when the log's reader goes away */
    drop(&bench.log_pipe[0]);
    write_all(bench.log_wire[1], "log", 3);
    drop(&bench.log_wire[1]);
    drop(&bench.console_wire[1]);
    assert_int_equal(run(&bench, PATIENCE_SECONDS), RELAY_BROKEN);
    assert_int_equal(bench.relay.log_error, EPIPE);
    assert_int_equal(run(&bench, PATIENCE_SECONDS), RELAY_ENDED);
    close_all(&bench);
}

/* An output is full. That is reported once, and the other output gets every byte. */
static void a_full_output(void **state)
{
    struct bench bench;
    char bytes[100];
    int full = open("/dev/full", O_WRONLY);

    (void)state;
    assert_true(full >= 0);
    start(&bench);
    bench.relay.out_to = full;
    write_all(bench.console_wire[1], "lost", 4);
    assert_int_equal(run(&bench, PATIENCE_SECONDS), RELAY_BROKEN);
    assert_int_equal(bench.relay.out_error, ENOSPC);
    write_all(bench.console_wire[1], "lost, too", 9);
    write_all(bench.log_wire[1], "kept", 4);
    drop(&bench.log_wire[1]);
    drop(&bench.console_wire[1]);
    assert_int_equal(run(&bench, PATIENCE_SECONDS), RELAY_ENDED);
    assert_int_equal(bench.relay.log_error, 0);
    assert_int_equal(read(bench.log_pipe[0], bytes, sizeof(bytes)), 4);
    close_all(&bench);

    start(&bench);
    bench.relay.log_to = full;
    write_all(bench.log_wire[1], "lost", 4);
    drop(&bench.log_wire[1]);
    assert_int_equal(run(&bench, PATIENCE_SECONDS), RELAY_BROKEN);
    assert_int_equal(bench.relay.log_error, ENOSPC);
    write_all(bench.console_wire[1], "kept", 4);
    drop(&bench.console_wire[1]);
    assert_int_equal(run(&bench, PATIENCE_SECONDS), RELAY_ENDED);
    assert_int_equal(bench.relay.out_error, 0);
    assert_int_equal(read(bench.out_pipe[0], bytes, sizeof(bytes)), 4);
    close_all(&bench);
    close(full);
}

static void the_last_line(void **state)
{
    struct bench bench;
    static char long_line[3 * RELAY_LINE_MAX];

    (void)state;
    memset(long_line, 'x', sizeof(long_line));
    long_line[sizeof(long_line) - 1] = '\n';
    start(&bench);
    assert_string_equal(relay_last_line(&bench.relay), "");
    write_all(bench.log_wire[1], "[    0.5", 8);
    assert_int_equal(relay_run(&bench.relay), RELAY_AWAKE);
    write_all(bench.log_wire[1], "00000] no clock\r\nrest", 21);
    drop(&bench.log_wire[1]);
    drop(&bench.console_wire[1]);
    assert_int_equal(run(&bench, PATIENCE_SECONDS), RELAY_ENDED);
    assert_string_equal(relay_last_line(&bench.relay), "no clock");
    assert_true(bench.relay.log_within_line);
    close_all(&bench);

    start(&bench);
    write_all(bench.log_wire[1], long_line, sizeof(long_line));
    drop(&bench.log_wire[1]);
    drop(&bench.console_wire[1]);
    assert_int_equal(run(&bench, PATIENCE_SECONDS), RELAY_ENDED);
    assert_int_equal(strlen(relay_last_line(&bench.relay)), RELAY_LINE_MAX - 1);
    assert_false(bench.relay.log_within_line);
    close_all(&bench);
}

static void the_quit_key_and_signals(void **state)
{
    struct bench bench;
    sigset_t set;

    (void)state;
    start(&bench);
    bench.relay.is_terminal = true;
    write_all(bench.in_pipe[1], "ls\x1d", 3);
    assert_int_equal(run(&bench, PATIENCE_SECONDS), RELAY_QUIT);
    close_all(&bench);
    start(&bench); /* standard input is no terminal: the byte has no special meaning */
    write_all(bench.in_pipe[1], "ls\x1d", 3);
    assert_int_equal(run(&bench, 1), RELAY_TIMEOUT);
    close_all(&bench);
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigprocmask(SIG_BLOCK, &set, NULL);
    start(&bench);
    bench.relay.signals = signalfd(-1, &set, 0);
    raise(SIGTERM);
    assert_int_equal(run(&bench, PATIENCE_SECONDS), RELAY_SIGNAL);
    assert_int_equal(bench.relay.signal, SIGTERM);
    close(bench.relay.signals);
    close_all(&bench);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_is_lost_on_a_pipe),
        cmocka_unit_test(nothing_is_lost_without_blocking),
        cmocka_unit_test(keys_wait_for_the_machine),
        cmocka_unit_test(a_deadline_with_a_stuck_reader),
        cmocka_unit_test(a_deadline_after_the_guests_end),
        cmocka_unit_test(what_is_on_the_wire_is_drained),
        cmocka_unit_test(a_deadline_with_a_stuck_terminal),
        cmocka_unit_test(a_reader_that_goes_away),
        cmocka_unit_test(a_full_output),
        cmocka_unit_test(the_last_line),
        cmocka_unit_test(the_quit_key_and_signals),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
