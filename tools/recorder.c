/* SPDX-License-Identifier: MIT */
/* Recording the timeline of an emulated machine. Nothing that is read from the machine's memory is
 * trusted: each address is checked before it is used. */
#include "tools/recorder.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "lib/watch.h"

#define PAUSE_NS (2 * 1000 * 1000) /* between two readings of the rings */
/* QEMU's machine `pc`: with less memory than this all of it lies below 4 GiB, with more, 3 GiB. */
#define ALL_LOW  0xe0000000ull
#define SOME_LOW 0xc0000000ull

/* Finds `size` bytes at a machine address. NULL: they are not memory. */
static void *find(const struct recorder *recorder, u64 address, u64 size)
{
    const u64 high = 1ull << 32;

    if (address >= high) {
        address = address - high + recorder->low;
    } else if (address >= recorder->low) {
        return NULL;
    }
    return address < recorder->size && size <= recorder->size - address ? recorder->bytes + address
                                                                        : NULL;
}

bool recorder_open(struct recorder *recorder, const char *path, unsigned mib,
                   struct failure *failure)
{
    *recorder = (struct recorder){.path = path, .size = (u64)mib << 20};
    recorder->low = recorder->size < ALL_LOW ? recorder->size : SOME_LOW;
    recorder->memory = memfd_create("machine", MFD_CLOEXEC);
    if (recorder->memory < 0 || ftruncate(recorder->memory, (off_t)recorder->size)) {
        return refuse(failure, "the machine's memory, of %u MiB: %s", mib, strerror(errno));
    }
    recorder->bytes =
        mmap(NULL, recorder->size, PROT_READ | PROT_WRITE, MAP_SHARED, recorder->memory, 0);
    if (recorder->bytes == MAP_FAILED) {
        return refuse(failure, "the machine's memory, of %u MiB: %s", mib, strerror(errno));
    }
    recorder->to = fopen(path, "we");
    if (!recorder->to) {
        return refuse(failure, "%s: cannot be written: %s", path, strerror(errno));
    }
    return true;
}

/* Takes the records of CPU `cpu` that are there. */
static void take(struct recorder *recorder, const struct trace_directory *directory, u32 cpu)
{
    const u64 count = directory->cpu[cpu].count;
    struct trace_ring *ring = find(recorder, directory->cpu[cpu].ring, sizeof(*ring));
    const struct trace_record *records =
        find(recorder, directory->cpu[cpu].records, count * sizeof(*records));
    u64 head, tail;

    if (!ring || !records) {
        return;
    }
    head = __atomic_load_n(&ring->head, __ATOMIC_ACQUIRE);
    tail = ring->tail;
    for (; tail != head && head - tail <= count; tail++) {
        timeline_add(recorder->timeline, cpu, &records[tail % count]);
    }
    __atomic_store_n(&ring->tail, tail, __ATOMIC_RELEASE);
    timeline_lost(recorder->timeline, cpu, __atomic_load_n(&ring->lost, __ATOMIC_RELAXED));
}

struct taking {
    struct recorder *recorder;
    struct trace_directory directory;
};

static void *take_all(void *argument)
{
    struct taking *taking = argument;
    bool last;

    do {
        last = atomic_load(&taking->recorder->ends);
        for (u32 cpu = 0; cpu < taking->directory.cpus; cpu++) {
            take(taking->recorder, &taking->directory, cpu);
        }
        nanosleep(&(struct timespec){.tv_nsec = PAUSE_NS}, NULL);
    } while (!last);
    free(taking);
    return NULL;
}

static bool is_directory(const struct trace_directory *directory)
{
    if (directory->magic != TRACE_MAGIC || directory->version != WATCH_VERSION ||
        directory->cpus > TRACE_CPUS_MAX) {
        return false;
    }
    for (u32 cpu = 0; cpu < directory->cpus; cpu++) {
        if (!directory->cpu[cpu].count || directory->cpu[cpu].count > TRACE_RECORDS_MOST) {
            return false;
        }
    }
    return true;
}

bool recorder_start(struct recorder *recorder, unsigned long long address, struct failure *failure)
{
    const struct trace_directory *directory = find(recorder, address, sizeof(*directory));
    struct taking *taking;
    sigset_t all, before;

    if (!recorder->to || recorder->running) {
        return true;
    }
    if (!directory || !is_directory(directory)) {
        return refuse(failure, "--trace: the machine has no timeline at %#llx", address);
    }
    taking = grow(NULL, sizeof(*taking));
    *taking = (struct taking){recorder, *directory};
    recorder->timeline = grow(NULL, sizeof(*recorder->timeline));
    timeline_start(recorder->timeline, recorder->to, directory->start, directory->tsc_khz);
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int error = pthread_create(&recorder->thread, NULL, take_all, taking);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (error) {
        free(taking);
        return refuse(failure, "--trace: %s", strerror(error));
    }
    recorder->running = true;
    return true;
}

bool recorder_end(struct recorder *recorder, struct failure *failure)
{
    bool good;
    u64 lost = 0;

    failure->sentence[0] = 0;
    if (!recorder->to) {
        return true;
    }
    if (recorder->running) {
        atomic_store(&recorder->ends, true);
        pthread_join(recorder->thread, NULL);
        lost = timeline_end(recorder->timeline);
    }
    good = !ferror(recorder->to);
    good = !fclose(recorder->to) && good;
    recorder->to = NULL;
    free(recorder->timeline);
    munmap(recorder->bytes, recorder->size);
    close(recorder->memory);
    if (!good) {
        return refuse(failure, "%s: the timeline could not be written", recorder->path);
    }
    if (!recorder->running) {
        return refuse(failure, "%s: the machine ended before it recorded a timeline",
                      recorder->path);
    }
    if (lost) {
        refuse(failure, "%s: %" PRIu64 " records of the timeline were lost", recorder->path, lost);
    }
    return true;
}
