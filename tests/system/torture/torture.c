/* SPDX-License-Identifier: MIT */
/* Runs inside a guest: processes that fork, threads that call mprotect, and ballooning, all at the
 * same time, until each has done what it does in about so many seconds on an idle host.
 *
 *     torture SECONDS NAME
 *
 * Each part checks itself: a child's writes never reach its parent, no thread writes to a page that
 * another has made read-only, and the balloon gets what it asks for. Meanwhile the clock never goes
 * back, neither on one CPU nor from one to another. The last line that it prints is the verdict. */
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tests/patience.h"

#define PAGE          4096ul
#define FORKERS       4
#define FORK_PAGES    64
#define PROTECT_PAGES 64
#define BALLOON_KIB   32768
#define CPUS_MAX      32

/* What one of three guests does in a second at least, on an idle host with two CPUs. */
#define FORKS_A_SECOND        3ul
#define PROTECTS_A_SECOND     5ul
#define LOOKS_A_SECOND        2000ul
#define BALLOON_CYCLE_SECONDS 15ul

/* The counters that all processes share. */
struct counts {
    atomic_ulong forks, protects, balloons, looks, wrong;
    atomic_ullong last_seen; /* the latest time that any thread has read, in nanoseconds */
};
static struct counts *counts;
static const char *name;
static unsigned long amount; /* seconds' worth of work */

static uint64_t nanoseconds(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static double seconds(void)
{
    return (double)nanoseconds() / 1e9;
}

/* Counts a failure; prints only the first few, which are enough to find the cause. */
static void wrong(const char *what, unsigned long long detail)
{
    if (atomic_fetch_add(&counts->wrong, 1) < 10) {
        printf("torture: %s WRONG: %s (%llu)\n", name, what, detail);
        fflush(stdout);
    }
}

/* Says whether every part has done its work: none stops earlier, so that all go on together. */
static bool enough(void)
{
    return counts->forks >= amount * FORKS_A_SECOND &&
           counts->protects >= amount * PROTECTS_A_SECOND &&
           counts->looks >= amount * LOOKS_A_SECOND &&
           counts->balloons * BALLOON_CYCLE_SECONDS >= amount;
}

static void run_on(unsigned cpu)
{
    cpu_set_t set;

    CPU_ZERO(&set);
    CPU_SET(cpu, &set);
    if (sched_setaffinity(0, sizeof(set), &set)) {
        wrong("a CPU cannot be chosen", cpu);
    }
}

/* ---- the clock: one thread for each CPU ---------------------------------------------------- */

static void *watch_clock(void *argument)
{
    uint64_t last = 0;

    run_on((unsigned)(uintptr_t)argument);
    while (!enough()) {
        for (unsigned i = 0; i < 300; i++) {
            unsigned long long others = atomic_load(&counts->last_seen);
            uint64_t now = nanoseconds();

            if (now < others) {
                wrong("the clock is behind another CPU's, by nanoseconds", others - now);
            }
            if (now < last) {
                wrong("the clock went back, by nanoseconds", last - now);
            }
            last = now;
            while (others < now && !atomic_compare_exchange_weak(&counts->last_seen, &others, now))
                ;
        }
        atomic_fetch_add(&counts->looks, 300);
        usleep(2000);
    }
    return NULL;
}

static int clocks(void)
{
    long cpus = sysconf(_SC_NPROCESSORS_ONLN);
    pthread_t thread[CPUS_MAX];

    for (long i = 0; i < cpus && i < CPUS_MAX; i++) {
        if (pthread_create(&thread[i], NULL, watch_clock, (void *)(uintptr_t)i)) {
            wrong("no thread", (unsigned long long)i);
        }
    }
    for (long i = 0; i < cpus && i < CPUS_MAX; i++) {
        pthread_join(thread[i], NULL);
    }
    return 0;
}

/* ---- forks ---------------------------------------------------------------------------------- */

static void fill(uint64_t *words, uint64_t seed)
{
    for (size_t i = 0; i < FORK_PAGES; i++) {
        words[i * PAGE / 8 + i] = seed + i;
    }
}

static bool holds(const uint64_t *words, uint64_t seed)
{
    for (size_t i = 0; i < FORK_PAGES; i++) {
        if (words[i * PAGE / 8 + i] != seed + i) {
            return false;
        }
    }
    return true;
}

/* Checks that the pages have the parent's contents, then changes the child's copy. */
static bool change_copy(uint64_t *words, uint64_t seed)
{
    bool good = holds(words, seed);

    fill(words, seed * 3);
    atomic_fetch_add(&counts->forks, 1);
    return good && holds(words, seed * 3);
}

/* The child's work; it forks a child of its own. */
static int child(uint64_t *words, uint64_t seed)
{
    bool good = change_copy(words, seed);
    int status = 0;

    if (!fork()) {
        _exit(!change_copy(words, seed * 3));
    }
    while (wait(&status) > 0) {
        good = good && status == 0;
    }
    return !(good && holds(words, seed * 3));
}

static int fork_storm(void)
{
    uint64_t *words =
        mmap(NULL, FORK_PAGES * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    uint64_t seed = (uint64_t)getpid();

    if (words == MAP_FAILED) {
        return 1;
    }
    while (!enough()) {
        int status;

        fill(words, ++seed);
        for (unsigned i = 0; i < 4; i++) {
            if (!fork()) {
                _exit(i & 1 ? child(words, seed) : !change_copy(words, seed));
            }
        }
        while (wait(&status) > 0) {
            if (status) {
                wrong("a child found something else than its parent had", (unsigned)status);
            }
        }
        if (!holds(words, seed)) {
            wrong("a child's writes reached its parent", seed);
        }
    }
    return 0;
}

/* ---- mprotect: one thread removes the right to write, others write ------------------------- */

static volatile uint64_t *shared_pages;
static atomic_bool protect_ends;
static __thread sigjmp_buf no_right;

static void on_fault(int number)
{
    (void)number;
    siglongjmp(no_right, 1);
}

static void *write_pages(void *argument)
{
    static __thread uint64_t value;

    value = (uintptr_t)argument;
    while (!atomic_load(&protect_ends)) {
        if (sigsetjmp(no_right, 1)) {
            usleep(100);
            continue;
        }
        for (unsigned i = 0; i < PROTECT_PAGES; i++) {
            shared_pages[i * PAGE / 8] = ++value;
        }
    }
    return NULL;
}

static void protect_once(unsigned i, unsigned pages)
{
    void *at = (void *)(uintptr_t)&shared_pages[i * PAGE / 8];
    uint64_t before[PROTECT_PAGES];

    if (mprotect(at, pages * PAGE, PROT_READ)) {
        wrong("mprotect", i);
    }
    for (unsigned k = 0; k < pages; k++) {
        before[k] = shared_pages[(i + k) * PAGE / 8];
    }
    for (unsigned spins = 0; spins < 2000; spins++) {
        __builtin_ia32_pause();
    }
    for (unsigned k = 0; k < pages; k++) {
        if (shared_pages[(i + k) * PAGE / 8] != before[k]) {
            wrong("a page that is read-only was written to", i + k);
        }
    }
    if (mprotect(at, pages * PAGE, PROT_READ | PROT_WRITE)) {
        wrong("mprotect", i);
    }
    atomic_fetch_add(&counts->protects, 1);
}

static int protect_storm(void)
{
    struct sigaction action = {.sa_handler = on_fault};
    pthread_t thread[2];
    unsigned turn = 0;

    shared_pages = mmap(NULL, PROTECT_PAGES * PAGE, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    sigaction(SIGSEGV, &action, NULL);
    for (unsigned i = 0; i < 2; i++) {
        if (pthread_create(&thread[i], NULL, write_pages, (void *)((uintptr_t)i << 40))) {
            wrong("no thread", i);
        }
    }
    for (; !enough(); turn++) {
        unsigned first = turn * 7 % PROTECT_PAGES;

        protect_once(first, 1 + turn * 5 % (PROTECT_PAGES - first));
    }
    atomic_store(&protect_ends, true);
    for (unsigned i = 0; i < 2; i++) {
        pthread_join(thread[i], NULL);
    }
    return 0;
}

/* ---- the balloon ---------------------------------------------------------------------------- */

#define BALLOON "/sys/devices/system/xen_memory/xen_memory0/"

static long read_kib(const char *path)
{
    FILE *file = fopen(path, "r");
    long value = -1;

    if (file) {
        if (fscanf(file, "%ld", &value) != 1) {
            value = -1;
        }
        fclose(file);
    }
    return value;
}

static void balloon_to(long kib)
{
    double give_up = seconds() + PATIENCE_SECONDS;
    FILE *file = fopen(BALLOON "target_kb", "w");

    if (!file || fprintf(file, "%ld\n", kib) < 0 || fclose(file)) {
        wrong("no balloon", (unsigned long long)kib);
        return;
    }
    while (read_kib(BALLOON "info/current_kb") != kib) {
        if (seconds() > give_up) {
            wrong("the balloon does not come to its target, KiB", (unsigned long long)kib);
            return;
        }
        usleep(20000);
    }
}

static void balloon_cycles(void)
{
    long whole = read_kib(BALLOON "info/current_kb");

    while (!enough()) {
        balloon_to(whole - BALLOON_KIB);
        balloon_to(whole);
        atomic_fetch_add(&counts->balloons, 1);
    }
}

/* ---- all parts together -------------------------------------------------------------------- */

static void start(int (*storm)(void))
{
    pid_t child = fork();

    if (!child) {
        _exit(storm());
    }
    if (child < 0) {
        wrong("no process", 0);
    }
}

int main(int count, char **words)
{
    int status;

    counts = mmap(NULL, sizeof(*counts), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (count < 3 || counts == MAP_FAILED) {
        return 2;
    }
    name = words[2];
    amount = strtoul(words[1], NULL, 10);
    start(clocks);
    start(protect_storm);
    for (unsigned i = 0; i < FORKERS; i++) {
        start(fork_storm);
    }
    balloon_cycles();
    while (wait(&status) > 0) {
        if (status) {
            wrong("a storm ended badly", (unsigned)status);
        }
    }
    printf("torture: %s %lu forks, %lu mprotects, %lu balloon cycles, %lu clock readings: %s\n",
           name, counts->forks, counts->protects, counts->balloons, counts->looks,
           counts->wrong ? "WRONG" : "clean");
    return 0;
}
