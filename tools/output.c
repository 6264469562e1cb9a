/* SPDX-License-Identifier: MIT */
/* What the command writes itself to standard output and standard error. Every write is checked. */
#include "tools/output.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static struct {
    bool lost;  /* something could not be written */
    bool stuck; /* a reader takes nothing any more: do not wait for it */
} output;

void output_start(void)
{
    for (int descriptor = STDIN_FILENO; descriptor <= STDERR_FILENO; descriptor++) {
        if (fcntl(descriptor, F_GETFD) < 0) {
            open("/dev/null", descriptor == STDIN_FILENO ? O_WRONLY : O_RDONLY);
        }
    }
}

/* Writes all bytes, and waits where a descriptor that does not block has no room. Returns 0 or an
 * errno. */
static int write_all(int to, const char *bytes, size_t size)
{
    while (size) {
        ssize_t wrote = write(to, bytes, size);

        if (wrote >= 0) {
            bytes += wrote;
            size -= (size_t)wrote;
        } else if (errno == EAGAIN) {
            poll(&(struct pollfd){to, POLLOUT, 0}, 1, -1);
        } else if (errno != EINTR) {
            return errno;
        }
    }
    return 0;
}

bool output_print(const char *text, struct failure *failure)
{
    int error = write_all(STDOUT_FILENO, text, strlen(text));

    if (!error) {
        error = output_close(STDOUT_FILENO);
    }
    if (error) {
        output_lost();
        return refuse(failure, "standard output: %s", strerror(error));
    }
    return true;
}

void output_complain(const char *sentence)
{
    char line[sizeof(((struct failure *)0)->sentence) + 16];
    int size = snprintf(line, sizeof(line), "pinion: %s\n", sentence);

    if (output.stuck && !output_can_complain()) {
        output_lost();
        return;
    }
    if (size >= (int)sizeof(line)) {
        size = (int)sizeof(line) - 1;
        line[size - 1] = '\n';
    }
    if (write_all(STDERR_FILENO, line, (size_t)size)) {
        output_lost();
    }
}

void output_end_line(void)
{
    if (output.stuck && !output_can_complain()) {
        return;
    }
    if (write_all(STDERR_FILENO, "\n", 1)) {
        output_lost();
    }
}

bool output_can_complain(void)
{
    struct pollfd slot = {STDERR_FILENO, POLLOUT, 0};

    return poll(&slot, 1, 0) > 0;
}

void output_is_stuck(void)
{
    output.stuck = true;
}

void output_lost(void)
{
    output.lost = true;
}

int output_status(int status)
{
    return !status && output.lost ? EXIT_OUTPUT : status;
}

int output_without_waiting(int to)
{
    char path[32];
    struct stat state;
    int own = -1;

    snprintf(path, sizeof(path), "/proc/self/fd/%d", to);
    if (!fstat(to, &state) && (S_ISFIFO(state.st_mode) || isatty(to))) {
        own = open(path, O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    }
    return own < 0 ? to : own;
}

int output_close(int to)
{
    int closing = to <= STDERR_FILENO ? dup(to) : to;

    return closing < 0 || !close(closing) || errno == EINTR ? 0 : errno;
}
