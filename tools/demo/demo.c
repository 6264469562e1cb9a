/* SPDX-License-Identifier: MIT */
/* The demonstration, which runs inside a guest: uses its page tables and shows what they cost.
 *
 * Pinion's counters are in CPUID leaves 0x40000100 and up. They are read with the ABI's
 * forced-emulation prefix (ud2; "xen"; cpuid), which works even if the processor does not intercept
 * CPUID. On the bare machine the prefix raises SIGILL, and on Xen these leaves mean something else:
 * then no counters are shown. */
#include <setjmp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sysinfo.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tools/demo/search.h"

#define LEAF_NAME    0x40000100u
#define LEAF_COUNTER 0x40000101u
#define FORKS        1000u
#define MIB          (1ul << 20)
#define FILL_MAX     (96 * MIB)

/* The names of the counters, in the order of struct vmmu_counters (vmmu/vmmu.h). */
static const char *const counter_name[] = {
    "entries checked",
    "live entries changed",
    "tables promoted",
    "tables demoted",
    "pins",
    "unpins",
    "writes emulated",
    "root switches",
    "flushes asked for",
    "flushes sent",
    "flushes skipped",
    "requests refused",
    "vCPUs to flush",
    "interrupts for it",
    "flushes spared",
};
#define COUNTERS (sizeof(counter_name) / sizeof(counter_name[0]))

static sigjmp_buf no_prefix;

static void on_sigill(int number)
{
    (void)number;
    siglongjmp(no_prefix, 1);
}

static void forced_cpuid(uint32_t leaf, uint32_t subleaf, uint32_t out[4])
{
    __asm__ volatile(".byte 0x0f, 0x0b, 0x78, 0x65, 0x6e, 0x0f, 0xa2"
                     : "=a"(out[0]), "=b"(out[1]), "=c"(out[2]), "=d"(out[3])
                     : "a"(leaf), "c"(subleaf));
}

/* Reads what the hypervisor has counted for this guest. Returns false if it is not Pinion. */
static bool read_counters(uint64_t counter[COUNTERS])
{
    uint32_t out[4], i;
    char name[12];

    memset(counter, 0, COUNTERS * sizeof(*counter));
    signal(SIGILL, on_sigill);
    if (sigsetjmp(no_prefix, 1)) {
        return false;
    }
    forced_cpuid(LEAF_NAME, 0, out);
    memcpy(name, &out[1], sizeof(name));
    if (memcmp(name, "PinionVMMCPU", sizeof(name))) {
        return false;
    }
    for (i = 0; i < COUNTERS; i++) {
        forced_cpuid(LEAF_COUNTER, i, out);
        if (out[2]) {
            counter[i] = out[0] | (uint64_t)out[1] << 32;
        }
    }
    return true;
}

static double seconds(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* ---- the steps of the demonstration --------------------------------------------------------- */

static void show_system(void)
{
    char type[64] = "none";
    struct utsname names;
    FILE *file = fopen("/sys/hypervisor/type", "r");

    if (file && !fgets(type, sizeof(type), file)) {
        strcpy(type, "unreadable");
    }
    if (file) {
        fclose(file);
    }
    type[strcspn(type, "\n")] = 0;
    uname(&names);
    printf("kernel             %s %s %s\n", names.sysname, names.release, names.version);
    printf("hypervisor type    %s\n", type);
}

static bool forks(unsigned count)
{
    double start = seconds(), next = start + 2;

    for (unsigned i = 0; i < count; i++) {
        int status = -1;
        pid_t child = fork();

        if (!child) {
            execl("/proc/self/exe", "demo", "child", (char *)NULL);
            _exit(1);
        }
        if (child < 0 || waitpid(child, &status, 0) != child || status) {
            printf("fork and exec      FAILED after %u\n", i);
            return false;
        }
        if (seconds() > next) {
            printf("fork and exec      %u of %u\n", i + 1, count);
            next = seconds() + 2;
        }
    }
    printf("fork and exec      %u times in %.1f s, %.2f ms each\n", count, seconds() - start,
           (seconds() - start) * 1000 / count);
    return true;
}

size_t fill_size(void)
{
    struct sysinfo info;

    sysinfo(&info);
    size_t size = info.freeram * info.mem_unit / 2 / MIB * MIB;
    return size > FILL_MAX ? FILL_MAX : size;
}

static bool memory(void)
{
    size_t size = fill_size(), words = size / sizeof(uint64_t), wrong = 0;
    double start = seconds();
    uint64_t *area = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    if (area == MAP_FAILED) {
        printf("memory             FAILED: no %zu MiB\n", size / MIB);
        return false;
    }
    for (size_t i = 0; i < words; i++) {
        area[i] = i * 0x9e3779b97f4a7c15ull;
    }
    for (size_t i = 0; i < words; i++) {
        wrong += area[i] != i * 0x9e3779b97f4a7c15ull;
    }
    munmap(area, size);
    printf("memory             %zu MiB filled and checked in %.1f s, %zu words wrong\n", size / MIB,
           seconds() - start, wrong);
    return !wrong;
}

static void show_counters(const uint64_t *before, const uint64_t *after)
{
    printf("page tables        %14s %14s\n", "boot", "demonstration");
    for (unsigned i = 0; i < COUNTERS; i++) {
        printf("  %-17s%14llu %14llu\n", counter_name[i], (unsigned long long)before[i],
               (unsigned long long)(after[i] - before[i]));
    }
}

static int demonstrate(void)
{
    uint64_t before[COUNTERS], after[COUNTERS];

    setlinebuf(stdout);
    printf("\n");
    bool counted = read_counters(before);
    show_system();
    bool well = forks(FORKS);
    well = memory() && well;
    if (counted && read_counters(after)) {
        show_counters(before, after);
    } else {
        printf("page tables        no counters: this is not Pinion\n");
    }
    printf("demonstration      %s\n\n", well ? "complete" : "FAILED");
    return !well;
}

int main(int count, char **words)
{
    if (count == 1) {
        return demonstrate();
    }
    if (!strcmp(words[1], "child")) {
        _exit(0);
    }
    if (!strcmp(words[1], "forks")) {
        return !forks(count > 2 ? (unsigned)atoi(words[2]) : FORKS);
    }
    if (!strcmp(words[1], "secret")) {
        return secret();
    }
    if (!strcmp(words[1], "search")) {
        return search();
    }
    fprintf(stderr, "usage: demo [forks N | secret | search]\n");
    return 2;
}
