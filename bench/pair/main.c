/* SPDX-License-Identifier: MIT */
/* The first process of a Linux with two CPUs: a byte goes to a process on the other CPU and back.
 * Each of the two processes sleeps while the other one works, so that each half of a round trip
 * wakes a CPU that is idle. A marker (bench/markers.h) precedes and follows the round trips. */
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/reboot.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "bench/markers.h"

#define WARM_UP 200
#define TRIPS   2000

static void must(int good, const char *what)
{
    if (good) {
        return;
    }
    printf("bench: failed: %s\n", what);
    fflush(stdout);
    reboot(RB_POWER_OFF);
    _exit(1);
}

/* Lets this process run on `cpu` only. */
static void stay_on(unsigned cpu)
{
    cpu_set_t set;

    CPU_ZERO(&set);
    CPU_SET(cpu, &set);
    must(!sched_setaffinity(0, sizeof(set), &set), "there is no second CPU");
}

/* Sends back each byte that it reads. */
static void echo(int from, int to)
{
    char byte;

    while (read(from, &byte, 1) == 1) {
        if (write(to, &byte, 1) != 1) {
            _exit(1);
        }
    }
    _exit(0);
}

static void round_trips(int to, int from, unsigned count)
{
    char byte = 0;

    for (unsigned i = 0; i < count; i++) {
        must(write(to, &byte, 1) == 1 && read(from, &byte, 1) == 1, "a round trip");
    }
}

int main(void)
{
    int there[2], back[2];
    const struct timespec pause = {.tv_nsec = 300 * 1000 * 1000};

    printf("bench: started\n");
    fflush(stdout);
    must(!pipe(there) && !pipe(back), "pipe");
    pid_t child = fork();
    if (!child) {
        close(there[1]);
        stay_on(1);
        echo(there[0], back[1]);
    }
    close(there[0]);
    stay_on(0);
    round_trips(there[1], back[0], WARM_UP);
    nanosleep(&pause, NULL);
    mark(MARKER_BEGIN(0));
    round_trips(there[1], back[0], TRIPS);
    mark(MARKER_END);
    close(there[1]);
    waitpid(child, NULL, 0);
    printf("bench: %d round trips\nbench: finished\n", TRIPS);
    fflush(stdout);
    nanosleep(&pause, NULL);
    reboot(RB_POWER_OFF);
    return 1;
}
