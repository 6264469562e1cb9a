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
#include "bench/all.def"
#undef OPERATION
};

#define OPERATION(...) +1
/* Those of bench/operations.def, which come first. */
static const unsigned usual =
#include "bench/operations.def"
    ;
#undef OPERATION

/* Those of them that the table for the field has, too. */
static const enum operation shared[] = {OP_null_call, OP_own_signal, OP_protection_fault,
                                        OP_fork_exit, OP_fork_exec,  OP_pipe_trip};

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

/* Returns the word of bench=WORD on the kernel command line: full, short, field, or symbols. */
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

static void run_one(unsigned i, bool is_short)
{
    unsigned count = is_short ? operation[i].count_short : operation[i].count;

    operation[i].function(operation[i].count_short); /* not measured: fills caches */
    operation[i].function(count);
    printf("bench: %s %u %llu\n", operation[i].name, count, (unsigned long long)measure_total);
    finish_output();
}

static void run_field(void)
{
    for (unsigned i = 0; i < sizeof shared / sizeof *shared; i++) {
        run_one(shared[i], true);
    }
    for (unsigned i = usual; i < OPERATIONS; i++) {
        run_one(i, true);
    }
}

static void run_chosen(const char *form)
{
    if (starts_with(form, "field")) {
        run_field();
        return;
    }
    for (unsigned i = 0; i < usual; i++) {
        run_one(i, starts_with(form, "short"));
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
            run_chosen(chosen_form());
        }
        return 0;
    }
    waitpid(child, &status, 0);
    printf("bench: %s\n", status ? "failed" : "finished");
    finish_output();
    reboot(RB_POWER_OFF);
    return 1;
}
