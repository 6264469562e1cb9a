/* SPDX-License-Identifier: MIT */
/* The command `pinion trace`: in dom0, records what the hypervisor does for some time, and writes
 * it to standard output. */
#include "tools/trace.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

#include "tools/options.h"
#include "tools/output.h"
#include "tools/timeline.h"
#include "tools/toolstack.h"
#include "tools/watch.h"

#define RECORDS     65536u /* a CPU: 2 MiB */
#define SECONDS_MAX 86400u
#define CHUNK       2048u /* records that are read at a time */
#define PAUSE_MS    20

static const char help_text[] =
    "usage: pinion trace [-t SECONDS] [-a] >FILE\n"
    "       pinion trace -s\n"
    "\n"
    "In dom0 of an installed Pinion: records what the hypervisor does, and writes it to standard\n"
    "output as a timeline (Chrome trace-event JSON), which Perfetto and the like open.\n"
    "  -t SECONDS   for so long (10); Ctrl-C ends it earlier\n"
    "  -a           every hypercall, page fault and store to a page table, all of which then take "
    "a\n"
    "               slow path; without it only those that take one in any case\n"
    "  -s           stop a recording that was left running\n"
    "\n"
    "Exit status: 0 recorded, 2 bad usage, 3 the hypervisor cannot be asked, 4 the output could "
    "not\n"
    "be written.\n";

struct trace {
    unsigned seconds;
    bool help, all, stop;
    struct watch watch;
    struct watch_trace_start *start;
    struct watch_trace_read *read;
    struct trace_record *chunk;
    struct timeline timeline;
};

static bool read_options(struct trace *t, int count, char **words, struct failure *failure)
{
    unsigned long long number;

    t->seconds = 10;
    for (int i = 0; i < count; i++) {
        if (!strcmp(words[i], "-h") || !strcmp(words[i], "--help")) {
            t->help = true;
            return true;
        }
        if (!strcmp(words[i], "-a")) {
            t->all = true;
        } else if (!strcmp(words[i], "-s")) {
            t->stop = true;
        } else if (!strcmp(words[i], "-t")) {
            if (++i == count || !number_read(words[i], 1, SECONDS_MAX, &number)) {
                return refuse(failure, "trace: -t needs a number of seconds from 1 to %u",
                              SECONDS_MAX);
            }
            t->seconds = (unsigned)number;
        } else {
            return refuse(failure, "trace: unknown word %.200s; see pinion trace --help", words[i]);
        }
    }
    if (!t->stop && isatty(STDOUT_FILENO)) {
        return refuse(failure, "trace: standard output is a terminal; write `>FILE'");
    }
    return true;
}

/* Stops the recording, and with TRACE_FREE drops its records. */
static long stop(struct trace *t, u32 flags)
{
    struct watch_trace_stop *ask = watch_allocate(&t->watch, sizeof(*ask));
    long result;

    if (!ask) {
        return -ENOMEM;
    }
    *ask = (struct watch_trace_stop){.version = WATCH_VERSION, .flags = flags};
    result = watch_call(&t->watch, WATCH_TRACE_STOP, ask);
    watch_free(&t->watch, ask);
    return result;
}

static bool start(struct trace *t, struct failure *failure)
{
    long result;

    t->start = watch_allocate(&t->watch, sizeof(*t->start));
    t->read = watch_allocate(&t->watch, sizeof(*t->read));
    t->chunk = watch_allocate(&t->watch, CHUNK * sizeof(*t->chunk));
    if (!t->start || !t->read || !t->chunk) {
        return refuse(failure, "trace: no memory for the call");
    }
    *t->start = (struct watch_trace_start){
        .version = WATCH_VERSION, .flags = t->all ? TRACE_ALL : 0, .records = RECORDS};
    result = watch_call(&t->watch, WATCH_TRACE_START, t->start);
    if (result == -EBUSY) {
        return refuse(failure, "trace: a recording is running; `pinion trace -s' stops it");
    }
    return result >= 0 ||
           refuse(failure, "trace: the hypervisor refuses: %s", strerror((int)-result));
}

/* Takes all records of a CPU that are there now. */
static bool take(struct trace *t, u32 cpu, struct failure *failure)
{
    long result;

    do {
        *t->read = (struct watch_trace_read){
            .version = WATCH_VERSION, .cpu = cpu, .buffer = (uintptr_t)t->chunk, .count = CHUNK};
        result = watch_call(&t->watch, WATCH_TRACE_READ, t->read);
        if (result < 0) {
            return refuse(failure, "trace: the hypervisor refuses to give records: %s",
                          strerror((int)-result));
        }
        for (u32 i = 0; i < t->read->count; i++) {
            timeline_add(&t->timeline, cpu, &t->chunk[i]);
        }
    } while (t->read->count == CHUNK);
    timeline_lost(&t->timeline, cpu, t->read->lost);
    return true;
}

static bool take_all(struct trace *t, struct failure *failure)
{
    for (u32 cpu = 0; cpu < t->start->cpus && cpu < TRACE_CPUS_MAX; cpu++) {
        if (!take(t, cpu, failure)) {
            return false;
        }
    }
    return true;
}

static long long milliseconds(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000ll + now.tv_nsec / 1000000;
}

/* Takes records until the time is over or a signal arrives. */
static bool record(struct trace *t, struct failure *failure)
{
    const long long end = milliseconds() + t->seconds * 1000ll;
    struct pollfd slot = {.events = POLLIN};
    sigset_t set;
    bool good = true;

    sigemptyset(&set);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGHUP);
    sigprocmask(SIG_BLOCK, &set, NULL);
    signal(SIGPIPE, SIG_IGN);
    slot.fd = signalfd(-1, &set, SFD_CLOEXEC);
    do {
        good = take_all(t, failure);
    } while (good && !ferror(stdout) && milliseconds() < end && poll(&slot, 1, PAUSE_MS) <= 0);
    close(slot.fd);
    return good;
}

static int run_trace(struct trace *t, struct failure *failure)
{
    int status = EXIT_FAILED;
    bool good;
    u64 lost;

    if (!start(t, failure)) {
        return EXIT_FAILED;
    }
    timeline_start(&t->timeline, stdout, t->start->start, t->start->tsc_khz);
    t->timeline.store = toolstack_open();
    good = record(t, failure);
    stop(t, 0);
    good = good && take_all(t, failure);
    stop(t, TRACE_FREE);
    lost = timeline_end(&t->timeline);
    toolstack_close(t->timeline.store);
    if (fflush(stdout) || ferror(stdout)) {
        refuse(failure, "standard output: %s", strerror(errno));
        return EXIT_OUTPUT;
    }
    if (good) {
        status = 0;
    }
    if (good && lost) {
        refuse(failure, "%" PRIu64 " records were lost", lost);
    }
    return status;
}

static int stop_other(struct trace *t, struct failure *failure)
{
    long result = stop(t, TRACE_FREE);

    if (result < 0) {
        refuse(failure, "trace: the hypervisor refuses: %s", strerror((int)-result));
        return EXIT_FAILED;
    }
    return 0;
}

int trace(int count, char **words)
{
    struct failure failure = {0};
    struct trace *t = grow(NULL, sizeof(*t));
    int status = EXIT_BAD_INPUT;

    memset(t, 0, sizeof(*t));
    if (read_options(t, count, words, &failure)) {
        if (t->help) {
            status = output_print(help_text, &failure) ? 0 : EXIT_OUTPUT;
        } else if (!watch_open(&t->watch, &failure)) {
            status = EXIT_FAILED;
        } else {
            status = t->stop ? stop_other(t, &failure) : run_trace(t, &failure);
            watch_close(&t->watch);
        }
    }
    if (failure.sentence[0]) {
        output_complain(failure.sentence);
    }
    free(t);
    return output_status(status);
}
