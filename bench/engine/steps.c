/* SPDX-License-Identifier: MIT */
/* Counts instructions by single-stepping: a child process stops, makes the call, and stops again;
 * between the two stops its parent lets it execute one instruction at a time. */
#include "bench/engine/steps.h"

#include <signal.h>
#include <stddef.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

static void nothing(void *argument)
{
    (void)argument;
}

/* Returns how many instructions a child executes between its two stops; 0: it cannot be traced. */
static uint64_t steps_between_stops(void (*volatile call)(void *argument), void *argument)
{
    uint64_t steps = 0;
    int status;
    pid_t child = fork();

    if (!child) {
        if (ptrace(PTRACE_TRACEME, 0, NULL, NULL)) {
            _exit(1);
        }
        raise(SIGSTOP);
        call(argument);
        raise(SIGSTOP);
        _exit(0);
    }
    if (child < 0 || waitpid(child, &status, 0) != child || !WIFSTOPPED(status)) {
        return 0;
    }
    do {
        if (ptrace(PTRACE_SINGLESTEP, child, NULL, NULL) || waitpid(child, &status, 0) != child) {
            return 0;
        }
        steps++;
    } while (WIFSTOPPED(status) && WSTOPSIG(status) == SIGTRAP);
    kill(child, SIGKILL);
    waitpid(child, &status, 0);
    return steps;
}

uint64_t steps_of(void (*call)(void *argument), void *argument)
{
    uint64_t around = steps_between_stops(nothing, NULL);
    uint64_t all = steps_between_stops(call, argument);

    return all > around ? all - around : 0;
}
