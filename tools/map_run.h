/* SPDX-License-Identifier: MIT */
/* How `pinion run` records snapshots (--map): the emulated machine's memory is a file that this
 * program reads, too. */
#ifndef TOOLS_MAP_RUN_H
#define TOOLS_MAP_RUN_H

#include <sys/types.h>

#include "tools/map_memory.h"
#include "tools/marks.h"

struct map_run_memory {
    int file;   /* a file without a name; 0: none */
    bool owned; /* map_run_open has made it */
    struct machine_memory memory;
};

/* Takes the file that is the memory of a machine with `mib` MiB, or makes one if `file` is 0.
 * Returns false if the host refuses. */
bool map_run_open(struct map_run_memory *run, int file, unsigned mib, struct failure *failure);

/* Records the snapshots whose text has been met and which are not recorded yet. The emulator,
 * `pid`, is stopped meanwhile; 0: it has ended, and the snapshots without a text are recorded, too.
 * Each thing that went wrong is one sentence for `complain`. Returns false if there was one. */
bool map_run_record(const struct map_run_memory *run, struct marks *marks, pid_t pid,
                    void (*complain)(const char *sentence));

/* Unmaps and closes the file. */
void map_run_close(struct map_run_memory *run);

#endif
