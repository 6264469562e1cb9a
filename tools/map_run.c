/* SPDX-License-Identifier: MIT */
/* Snapshots of a machine that `pinion run` has started. */
#include "tools/map_run.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

bool map_run_open(struct map_run_memory *run, int file, unsigned mib, struct failure *failure)
{
    const uint64_t size = (uint64_t)mib << 20;

    run->owned = !file;
    run->file = file ? file : memfd_create("machine", MFD_CLOEXEC);
    if (run->file < 0 || (run->owned && ftruncate(run->file, (off_t)size))) {
        return refuse(failure, "no memory file for the machine: %s", strerror(errno));
    }
    run->memory.bytes = mmap(NULL, size, PROT_READ, MAP_SHARED, run->file, 0);
    if (run->memory.bytes == MAP_FAILED) {
        run->memory.bytes = NULL;
        return refuse(failure, "the machine's memory file cannot be mapped: %s", strerror(errno));
    }
    run->memory.size = size;
    return true;
}

/* Stops all threads of the emulator, and returns when they have stopped. False: it has ended. */
static bool stop(pid_t pid)
{
    siginfo_t info = {0};

    return !kill(pid, SIGSTOP) && !waitid(P_PID, (id_t)pid, &info, WSTOPPED | WEXITED | WNOWAIT) &&
           info.si_code == CLD_STOPPED;
}

static bool record(const struct map_run_memory *run, const struct mark *mark,
                   struct failure *failure)
{
    struct snapshot snapshot;
    struct failure reason;
    struct buffer bytes = {0};

    if (!map_memory_record(&run->memory, mark->text ? mark->text : "the end", &snapshot, &reason)) {
        return refuse(failure, "run: --map %.400s: %.500s", mark->path, reason.sentence);
    }
    snapshot_write(&snapshot, 6, &bytes);
    const bool well = map_write_file(mark->path, &bytes, failure);
    snapshot_free(&snapshot);
    buffer_free(&bytes);
    return well;
}

bool map_run_record(const struct map_run_memory *run, struct marks *marks, pid_t pid,
                    void (*complain)(const char *sentence))
{
    const bool stopped = pid && stop(pid);
    bool well = true;

    for (unsigned i = 0; i < marks->count; i++) {
        struct mark *mark = &marks->mark[i];
        struct failure failure;

        if (mark->recorded || (mark->text ? !mark->met && pid : pid != 0)) {
            continue;
        }
        mark->recorded = true;
        if (mark->text && !mark->met) {
            refuse(&failure, "run: --map-at %s: no line began with that", mark->text);
        } else if (record(run, mark, &failure)) {
            continue;
        }
        complain(failure.sentence);
        well = false;
    }
    if (stopped) {
        kill(pid, SIGCONT);
    }
    return well;
}

void map_run_close(struct map_run_memory *run)
{
    if (run->memory.bytes) {
        munmap((void *)run->memory.bytes, run->memory.size);
    }
    if (run->owned && run->file > 0) {
        close(run->file);
    }
    *run = (struct map_run_memory){0};
}
