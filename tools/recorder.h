/* SPDX-License-Identifier: MIT */
/* Records the timeline of an emulated machine: the machine's memory is a file in memory that this
 * process maps too, and a thread takes the records out of it while the machine runs. */
#ifndef TOOLS_RECORDER_H
#define TOOLS_RECORDER_H

#include <pthread.h>
#include <stdatomic.h>

#include "tools/timeline.h"

struct recorder {
    FILE *to; /* NULL: nothing is recorded */
    const char *path;
    int memory; /* the file that is the machine's memory */
    unsigned char *bytes;
    unsigned long long size;
    unsigned long long low; /* bytes that lie below 4 GiB; the others begin there */
    struct timeline *timeline;
    pthread_t thread;
    bool running;
    atomic_bool ends;
};

/* Opens the file of the timeline, and makes the machine's memory of `mib` MiB. Returns false if one
 * of them cannot be. */
bool recorder_open(struct recorder *recorder, const char *path, unsigned mib,
                   struct failure *failure);

/* Starts to take records, whose directory is at the machine address `directory`. Returns false if
 * there is none. */
bool recorder_start(struct recorder *recorder, unsigned long long directory,
                    struct failure *failure);

/* The machine has ended: takes the last records, and closes the file. Returns false if the file is
 * not complete, or there is none because the machine ended before it recorded; the failure then
 * says so. True with a sentence in the failure: it is complete but for records that were lost. Does
 * nothing if recorder_open was not called. */
bool recorder_end(struct recorder *recorder, struct failure *failure);

#endif
