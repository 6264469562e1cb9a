/* SPDX-License-Identifier: MIT */
/* Operations on several processes: fork, exec, exit, pipes, a shell. */
#include <stdio.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench/guest/measure.h"

#define MIB (1ul << 20)

void wait_for(pid_t child)
{
    int status;

    must(child > 0 && waitpid(child, &status, 0) == child && !status, "a child");
}

static void fork_and_exit(void)
{
    pid_t child = fork();

    if (!child) {
        _exit(0);
    }
    wait_for(child);
}

void fork_exit(unsigned count)
{
    begin(fork_exit);
    for (unsigned i = 0; i < count; i++) {
        fork_and_exit();
    }
    end();
}

void fork_exec(unsigned count)
{
    begin(fork_exec);
    for (unsigned i = 0; i < count; i++) {
        pid_t child = fork();

        if (!child) {
            execl("/init", "exit", NULL);
            _exit(1);
        }
        wait_for(child);
    }
    end();
}

void fork_large(unsigned count)
{
    char *memory = mmap(NULL, 32 * MIB, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    must(memory != MAP_FAILED, "mmap");
    madvise(memory, 32 * MIB, MADV_NOHUGEPAGE);
    for (unsigned long i = 0; i < 32 * MIB; i += 4096) {
        ((volatile char *)memory)[i] = 1;
    }
    begin(fork_large);
    for (unsigned i = 0; i < count; i++) {
        fork_and_exit();
    }
    end();
    munmap(memory, 32 * MIB);
}

void pipe_trip(unsigned count)
{
    int there[2], back[2];
    char byte = 0;

    must(!pipe(there) && !pipe(back), "pipe");
    pid_t child = fork();
    if (!child) {
        close(there[1]);
        while (read(there[0], &byte, 1) == 1) {
            if (write(back[1], &byte, 1) != 1) {
                _exit(1);
            }
        }
        _exit(0);
    }
    close(there[0]);
    must(write(there[1], &byte, 1) == 1 && read(back[0], &byte, 1) == 1, "a first trip");
    begin(pipe_trip);
    for (unsigned i = 0; i < count; i++) {
        must(write(there[1], &byte, 1) == 1 && read(back[0], &byte, 1) == 1, "a trip");
    }
    end();
    close(there[1]);
    wait_for(child);
    close(back[0]);
    close(back[1]);
}

void shell(unsigned count)
{
    char commands[100];

    snprintf(commands, sizeof(commands), "i=0; while [ $i -lt %u ]; do /bin/true; i=$((i+1)); done",
             count);
    begin(shell);
    pid_t child = fork();
    if (!child) {
        execl("/bin/sh", "sh", "-c", commands, NULL);
        _exit(1);
    }
    wait_for(child);
    end();
}

/* A shell that has one program to start needs no process for it. */
void field_shell(unsigned count)
{
    begin(field_shell);
    for (unsigned i = 0; i < count; i++) {
        pid_t child = fork();

        if (!child) {
            execl("/bin/sh", "sh", "-c", "/bin/true", NULL);
            _exit(1);
        }
        wait_for(child);
    }
    end();
}
