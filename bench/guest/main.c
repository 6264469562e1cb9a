/* SPDX-License-Identifier: MIT */
/* The first process of the benchmark's guest: runs all operations, prints what each cost, and
 * powers off.
 */
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "bench/guest/measure.h"

uint64_t measure_start, measure_total;

static const struct {
    const char *name;
    void (*function)(unsigned count);
    unsigned count, count_short;
} operation[] = {
#define OPERATION(function, title, count, count_short) {#function, function, count, count_short},
#include "bench/operations.def"
#undef OPERATION
};

void must(int good, const char *what)
{
    if (good) {
        return;
    }
    printf("bench: failed: %s\n", what);
    fflush(stdout);
    _exit(1);
}

/* Waits until the console has written all text, so that this is not counted for the next operation.
 */
static void finish_output(void)
{
    struct timespec pause = {.tv_nsec = 100 * 1000 * 1000};

    fflush(stdout);
    nanosleep(&pause, NULL);
}

/* Returns the word of bench=WORD on the kernel command line: full, short, or symbols. */
static const char *chosen_form(void)
{
    static char line[4096];
    FILE *file = fopen("/proc/cmdline", "r");
    char *word = file && fgets(line, sizeof(line), file) ? strstr(line, "bench=") : NULL;

    if (file) {
        fclose(file);
    }
    return word ? word + strlen("bench=") : "full";
}

static bool starts_with(const char *word, const char *start)
{
    return !strncmp(word, start, strlen(start));
}

static void run_all(bool is_short)
{
    for (unsigned i = 0; i < OPERATIONS; i++) {
        unsigned count = is_short ? operation[i].count_short : operation[i].count;

        operation[i].function(operation[i].count_short); /* not measured: fills caches */
        operation[i].function(count);
        printf("bench: %s %u %llu\n", operation[i].name, count, (unsigned long long)measure_total);
        finish_output();
    }
}

int main(int argc, char **argv)
{
    int status = 1;

    if (argc > 0 && !strcmp(argv[0], "exit")) {
        return 0;
    }
    mark(MARKER_STARTED);
    printf("bench: started\n");
    finish_output();
    mkdir("/proc", 0555);
    mount("proc", "/proc", "proc", 0, NULL);
    pid_t child =
        fork(); /* signals work differently for process 1, so another one runs the operations */
    if (!child) {
        if (starts_with(chosen_form(), "symbols")) {
            print_symbols();
        } else {
            run_all(starts_with(chosen_form(), "short"));
        }
        return 0;
    }
    waitpid(child, &status, 0);
    printf("bench: %s\n", status ? "failed" : "finished");
    finish_output();
    reboot(RB_POWER_OFF);
    return 1;
}
