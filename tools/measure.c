/* SPDX-License-Identifier: MIT */
/* Measures exits, by the records of the timeline. */
#include "tools/measure.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "tools/exits.h"
#include "tools/moment_read.h"
#include "tools/watch.h"

#define RECORDS  65536u /* a CPU: 2 MiB */
#define CHUNK    2048u  /* records that are read at a time */
#define MS_IN_S  1000u
#define NS_IN_MS 1000000

struct measure {
    struct watch *watch;
    struct watch_trace_start *start;
    struct watch_trace_read *read;
    struct trace_record *chunk;
    struct exits exits;
    uint64_t lost[TRACE_CPUS_MAX];
};

static void release(struct measure *measure)
{
    void *memory[] = {measure->start, measure->read, measure->chunk};

    for (unsigned i = 0; i < sizeof memory / sizeof memory[0]; i++) {
        if (memory[i]) {
            watch_free(measure->watch, memory[i]);
        }
    }
    exits_free(&measure->exits);
    free(measure);
}

/* Has the hypervisor record. Returns what it answers. */
static long start(struct measure *measure)
{
    struct watch *watch = measure->watch;

    measure->start = watch_allocate(watch, sizeof *measure->start);
    measure->read = watch_allocate(watch, sizeof *measure->read);
    measure->chunk = watch_allocate(watch, CHUNK * sizeof *measure->chunk);
    if (!measure->start || !measure->read || !measure->chunk) {
        return -ENOMEM;
    }
    *measure->start = (struct watch_trace_start){
        .version = WATCH_VERSION, .flags = TRACE_ALL, .records = RECORDS};
    return watch_call(watch, WATCH_TRACE_START, measure->start);
}

struct measure *measure_start(struct watch *watch, struct failure *failure)
{
    struct measure *measure = grow(NULL, sizeof *measure);
    long answer;

    *measure = (struct measure){.watch = watch};
    answer = start(measure);
    if (answer == -ENOSYS) {
        return measure; /* which then takes from no CPU */
    }
    if (answer < 0) {
        if (answer == -EBUSY) {
            refuse(failure, "another tool has the hypervisor record now; if none runs any more, "
                            "`pinion trace -s' ends what it has left");
        } else {
            refuse(failure, "the hypervisor does not record: %s", strerror((int)-answer));
        }
        release(measure);
        return NULL;
    }
    measure->exits.tsc_khz = measure->start->tsc_khz;
    return measure;
}

/* Takes the records of a CPU. Returns what the hypervisor answers. */
static long take(struct measure *measure, unsigned cpu)
{
    long answer;

    do {
        *measure->read = (struct watch_trace_read){.version = WATCH_VERSION,
                                                   .cpu = cpu,
                                                   .buffer = (uintptr_t)measure->chunk,
                                                   .count = CHUNK};
        answer = watch_call(measure->watch, WATCH_TRACE_READ, measure->read);
        for (unsigned i = 0; answer >= 0 && i < measure->read->count; i++) {
            exits_add(&measure->exits, &measure->chunk[i]);
        }
    } while (answer >= 0 && measure->read->count == CHUNK);
    measure->lost[cpu] = measure->read->lost;
    return answer;
}

bool measure_take(struct measure *measure, struct failure *failure)
{
    for (unsigned cpu = 0; cpu < measure->start->cpus && cpu < TRACE_CPUS_MAX; cpu++) {
        long answer = take(measure, cpu);

        if (answer < 0) {
            return refuse(failure, "the hypervisor does not give its records: %s",
                          strerror((int)-answer));
        }
    }
    return true;
}

static uint64_t milliseconds(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * MS_IN_S + (uint64_t)(now.tv_nsec / NS_IN_MS);
}

bool measure_wait(struct measure *measure, unsigned seconds, bool *ended, struct failure *failure)
{
    const uint64_t end = milliseconds() + (uint64_t)seconds * MS_IN_S;
    const struct timespec pause = {.tv_nsec = MEASURE_MS * NS_IN_MS};
    sigset_t set;

    sigemptyset(&set);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGTERM);
    *ended = false;
    do {
        if (!measure_take(measure, failure)) {
            return false;
        }
        *ended = sigtimedwait(&set, NULL, &pause) >= 0;
    } while (!*ended && milliseconds() < end);
    return true;
}

bool measure_moment(struct measure *measure, struct moment *moment, struct failure *failure)
{
    if (!measure_take(measure, failure) || !moment_read(measure->watch, moment, failure)) {
        return false;
    }
    if (!measure->start->tsc_khz) {
        return true;
    }
    exits_into(&measure->exits, moment);
    for (unsigned cpu = 0; cpu < TRACE_CPUS_MAX; cpu++) {
        moment->lost += measure->lost[cpu];
    }
    return true;
}

void measure_end(struct measure *measure)
{
    struct watch_trace_stop *stop = watch_allocate(measure->watch, sizeof *stop);

    if (stop) {
        *stop = (struct watch_trace_stop){.version = WATCH_VERSION, .flags = TRACE_FREE};
        watch_call(measure->watch, WATCH_TRACE_STOP, stop);
        watch_free(measure->watch, stop);
    }
    release(measure);
}
