/* SPDX-License-Identifier: MIT */
/* Processes on the library: enough of an operating system to exercise and to measure it. A kernel
 * that links this defines `images` and `process_report`, and calls processes_run. */
#ifndef GUEST_KERNELS_PROCESS_PROCESS_H
#define GUEST_KERNELS_PROCESS_PROCESS_H

#include "guest/kernels/process/user.h"

#define PROCESSES 512u
#define AREAS     16u
#define FAILED    99u /* exit code: the kernel ended it */

/* A program in the kernel's image. */
struct image {
    const u8 *start, *stop;
    void (*entry)(u64 argument);
};
extern const struct image images[];

/* A range of user addresses with the same rights; pages come when touched. */
struct area {
    u64 start, end;
    u64 flags;
    const u8 *image; /* what the pages hold at first; NULL: zeroes */
    u64 image_size;
};

enum state { UNUSED, READY, WAITING, ENDED };

struct process {
    enum state state;
    u64 number;
    struct process *next;   /* in the queue it is in */
    struct process *parent; /* NULL: nobody waits for it */
    u64 children;
    struct process *ended; /* children that nobody waited for yet */
    u64 code;
    u64 code_at; /* WAITING: where the child's code goes */
    u64 handler;
    bool in_handler;
    bool yields; /* gives the CPU up */
    struct trap_frame frame, interrupted;
    struct area areas[AREAS];
    struct space space;
};

struct process_counts {
    u64 created, live, most_live, faults, copies, upcalls;
};
extern struct process_counts process_counts;

/* Runs images[0] until no process is left. Its exit code. */
u64 processes_run(void);

/* A process made CALL_REPORT. */
void process_report(const struct process *process, u64 a, u64 b, u64 c);

struct area *area_at(struct process *process, u64 va);
s64 area_add(struct process *process, struct area area);
/* The areas of a range go, or get other rights. */
s64 area_change(struct process *process, u64 va, u64 length, bool remove, u64 flags);

#endif
