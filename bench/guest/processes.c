/* SPDX-License-Identifier: MIT */
/* Operations on several processes: fork, exec, exit, pipes, switches, a shell. */
#include <sched.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench/guest/measure.h"

#define MIB      (1ul << 20)
#define RING     8u
#define RING_SET (64ul << 10) /* bytes that each process of the ring changes at each turn */

static void wait_for(pid_t child)
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

/* ---- a ring of processes, around which a byte is passed ----------------------------------------
 */

static char ring_set[RING_SET];

static void work(void)
{
    for (unsigned long i = 0; i < RING_SET; i += 64) {
        ((volatile char *)ring_set)[i]++;
    }
}

/* Passes on each byte that it reads, after work(), until its input ends. */
static void pass_on(int from, int to)
{
    char byte;

    while (read(from, &byte, 1) == 1) {
        work();
        if (write(to, &byte, 1) != 1) {
            _exit(1);
        }
    }
    _exit(0);
}

static void once_round(int to, int from)
{
    char byte = 0;

    work();
    must(write(to, &byte, 1) == 1 && read(from, &byte, 1) == 1, "the ring");
}

/* policy: SCHED_BATCH: this process and its children run on when they wake another one, so that
 * there is a switch where one waits and nowhere else; SCHED_OTHER: Linux may switch at once, and
 * does so more or less often after any change of a few instructions. */
static void use_policy(int policy)
{
    const struct sched_param none = {.sched_priority = 0};

    must(sched_setscheduler(0, policy, &none) == 0, "sched_setscheduler");
}

void switch_eight(unsigned count)
{
    pid_t child[RING - 1];
    int wire[RING][2]; /* process i reads wire i and writes wire i + 1; the last one leads back to
                          the first process */

    for (unsigned i = 0; i < RING; i++) {
        must(!pipe(wire[i]), "pipe");
    }
    use_policy(SCHED_BATCH);
    for (unsigned i = 0; i < RING - 1; i++) {
        child[i] = fork();
        if (child[i]) {
            continue;
        }
        for (unsigned j = 0; j < RING; j++) {
            if (j != i) {
                close(wire[j][0]);
            }
            if (j != i + 1) {
                close(wire[j][1]);
            }
        }
        pass_on(wire[i][0], wire[i + 1][1]);
    }
    for (unsigned i = 0; i < RING; i++) {
        if (i) {
            close(wire[i][1]);
        }
        if (i != RING - 1) {
            close(wire[i][0]);
        }
    }
    once_round(wire[0][1], wire[RING - 1][0]);
    begin(switch_eight);
    for (unsigned i = 0; i < count / RING; i++) {
        once_round(wire[0][1], wire[RING - 1][0]);
    }
    end();
    close(wire[0][1]);
    for (unsigned i = 0; i < RING - 1; i++) {
        wait_for(child[i]);
    }
    close(wire[RING - 1][0]);
    use_policy(SCHED_OTHER);
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
