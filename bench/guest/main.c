/* SPDX-License-Identifier: MIT */
/* The guest's first process of `make bench`: runs every operation, says what each cost, powers off.
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

/* The console's own work must not fall into the next operation. */
static void settle(void)
{
    struct timespec pause = {.tv_nsec = 100 * 1000 * 1000};

    fflush(stdout);
    nanosleep(&pause, NULL);
}

/* What the kernel command line asks for: full, short, or the kernel's symbols. */
static const char *wish(void)
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

        operation[i].function(operation[i].count_short); /* once unmeasured: warm */
        operation[i].function(count);
        printf("bench: %s %u %llu\n", operation[i].name, count, (unsigned long long)measure_total);
        settle();
    }
}

int main(int argc, char **argv)
{
    pid_t child;
    int status = 1;

    if (argc > 0 && !strcmp(argv[0], "exit")) {
        return 0;
    }
    mark(MARKER_STARTED);
    printf("bench: started\n");
    settle();
    mkdir("/proc", 0555);
    mount("proc", "/proc", "proc", 0, NULL);
    child = fork(); /* process 1 is special in how it takes signals */
    if (!child) {
        if (starts_with(wish(), "symbols")) {
            print_symbols();
        } else {
            run_all(starts_with(wish(), "short"));
        }
        return 0;
    }
    waitpid(child, &status, 0);
    printf("bench: %s\n", status ? "failed" : "finished");
    settle();
    reboot(RB_POWER_OFF);
    return 1;
}
