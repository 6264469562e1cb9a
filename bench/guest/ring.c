/* SPDX-License-Identifier: MIT */
/* A ring of processes, around which a byte is passed: switches between processes. */
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench/guest/measure.h"

#define PROCESSES_MAX 16u
#define KIB           (1ul << 10)
#define SET           (64 * KIB) /* memory of each process */

/* Process i reads wire i and writes the next wire; the last one writes wire 0. Process 0 is the
 * program itself. */
struct ring {
    unsigned processes;
    void (*work)(void); /* what a process does when it has the byte */
    int from, to;       /* wires of process 0 */
    pid_t child[PROCESSES_MAX];
};

static char set[SET];

static void change_set(void)
{
    for (unsigned long i = 0; i < SET; i += 64) {
        ((volatile char *)set)[i]++;
    }
}

static void read_set(unsigned long bytes)
{
    for (unsigned long i = 0; i < bytes; i += sizeof(long)) {
        (void)*(volatile long *)&set[i];
    }
}

static void read_0(void)
{
}

static void read_16(void)
{
    read_set(16 * KIB);
}

static void read_64(void)
{
    read_set(64 * KIB);
}

/* policy: SCHED_BATCH: this process and its children run on when they wake another one, so that
 * there is a switch where one waits and nowhere else; SCHED_OTHER: Linux may switch at once, and
 * does so more or less often after any change of a few instructions. */
static void use_policy(int policy)
{
    const struct sched_param none = {.sched_priority = 0};

    must(sched_setscheduler(0, policy, &none) == 0, "sched_setscheduler");
}

/* Passes on each byte that it reads, after its work, until its input ends. */
static void pass_on(const struct ring *ring)
{
    char byte;

    while (read(ring->from, &byte, 1) == 1) {
        ring->work();
        if (write(ring->to, &byte, 1) != 1) {
            _exit(1);
        }
    }
    _exit(0);
}

/* Keeps the two wires of process `number`, and closes all others. */
static void take_wires(struct ring *ring, int (*wire)[2], unsigned number)
{
    const unsigned next = (number + 1) % ring->processes;

    for (unsigned i = 0; i < ring->processes; i++) {
        if (i != number) {
            close(wire[i][0]);
        }
        if (i != next) {
            close(wire[i][1]);
        }
    }
    ring->from = wire[number][0];
    ring->to = wire[next][1];
}

static void once_round(const struct ring *ring)
{
    char byte = 0;

    ring->work();
    must(write(ring->to, &byte, 1) == 1 && read(ring->from, &byte, 1) == 1, "the ring");
}

static void ring_start(struct ring *ring, unsigned processes, void (*work)(void))
{
    int wire[PROCESSES_MAX][2];

    ring->processes = processes;
    ring->work = work;
    for (unsigned i = 0; i < processes; i++) {
        must(!pipe(wire[i]), "pipe");
    }
    use_policy(SCHED_BATCH);
    for (unsigned i = 1; i < processes; i++) {
        ring->child[i] = fork();
        if (!ring->child[i]) {
            memset(set, 1, sizeof(set)); /* pages of its own */
            take_wires(ring, wire, i);
            pass_on(ring);
        }
    }
    memset(set, 1, sizeof(set));
    take_wires(ring, wire, 0);
    once_round(ring);
}

static void ring_end(struct ring *ring)
{
    close(ring->to);
    for (unsigned i = 1; i < ring->processes; i++) {
        wait_for(ring->child[i]);
    }
    close(ring->from);
    use_policy(SCHED_OTHER);
}

/* Defines an operation: `count` times the byte is passed by a process to the next one. */
#define PASS(function, processes, work)                                                            \
    void function(unsigned count)                                                                  \
    {                                                                                              \
        struct ring ring;                                                                          \
                                                                                                   \
        ring_start(&ring, processes, work);                                                        \
        begin(function);                                                                           \
        for (unsigned i = 0; i < count / (processes); i++) {                                       \
            once_round(&ring);                                                                     \
        }                                                                                          \
        end();                                                                                     \
        ring_end(&ring);                                                                           \
    }

PASS(switch_eight, 8, change_set)
PASS(field_pass_0, 1, read_0)
PASS(field_pass_16, 1, read_16)
PASS(field_pass_64, 1, read_64)
PASS(field_switch_2_0, 2, read_0)
PASS(field_switch_2_16, 2, read_16)
PASS(field_switch_2_64, 2, read_64)
PASS(field_switch_8_16, 8, read_16)
PASS(field_switch_8_64, 8, read_64)
PASS(field_switch_16_16, 16, read_16)
PASS(field_switch_16_64, 16, read_64)
