/* SPDX-License-Identifier: MIT */
/* Processes on top of the library: as much of an operating system as is needed to test and measure
 * the library. A kernel that uses this defines `images` and process_report, and calls
 * processes_run. */
#ifndef GUEST_KERNELS_PROCESS_PROCESS_H
#define GUEST_KERNELS_PROCESS_PROCESS_H

#include "guest/kernels/process/user.h"

#define PROCESSES 512u
#define AREAS     16u
#define FAILED    99u /* exit code of a process that the kernel ended */

/* A program, which is a section of the kernel's image. */
struct image {
    const u8 *start, *stop;      /* the program's bytes in the kernel's image */
    void (*entry)(u64 argument); /* the function at which the program starts */
};
extern const struct image images[];

/* A range of user addresses with the same rights. Its pages are mapped at the first access. */
struct area {
    u64 start, end;  /* user addresses; end 0: the element describes no area */
    u64 flags;       /* PTE_... bits of the area's pages */
    const u8 *image; /* first contents of the pages, followed by zeroes; NULL: only zeroes */
    u64 image_size;
};

enum process_state {
    UNUSED,
    READY,   /* the process runs, or is in the ready queue */
    WAITING, /* the process is in CALL_WAIT, until a child ends */
    ENDED,   /* the process has ended; its parent has not read its exit code yet */
};

struct process {
    enum process_state state;
    u64 number;
    struct process *next;   /* the next process in the same list or queue */
    struct process *parent; /* NULL: no process will ask for its exit code */
    u64 children;           /* number of children, with those that have ended */
    struct process *ended;  /* list of the ended children whose exit codes were not read yet */
    u64 code;               /* exit code of a process that has ended */
    u64 code_at;     /* user address to which CALL_WAIT writes the child's exit code; 0: none */
    u64 handler;     /* user address of the fault handler; 0: none */
    bool in_handler; /* the fault handler runs */
    bool yields;     /* the process has called CALL_YIELD */
    struct trap_frame frame;       /* the process's registers */
    struct trap_frame interrupted; /* while in_handler: the registers at the fault */
    struct area areas[AREAS];
    struct space space;
};

/* Totals since processes_run began; `copies` are faults that wrote to a shared page, `upcalls` are
 * faults that went to a fault handler. */
struct process_counts {
    u64 created, live, most_live, faults, copies, upcalls;
};
extern struct process_counts process_counts;

/* Runs the program images[0] as the first process, until no process can run. Returns the first
 * process's exit code. */
u64 processes_run(void);

/* Called when a process makes the system call CALL_REPORT, with its arguments. */
void process_report(const struct process *process, u64 a, u64 b, u64 c);

/* Returns the area that contains `va`; NULL: there is none. */
struct area *area_at(struct process *process, u64 va);

/* Adds an area. Returns 0; -XEN_EEXIST: it overlaps another one; -XEN_EINVAL: bad addresses, or the
 * process has too many areas. */
s64 area_add(struct process *process, struct area area);

/* Removes the areas in a range of user addresses and unmaps their pages, or changes their flags.
 * va, length: multiples of PAGE_SIZE. Returns 0, -XEN_EINVAL, -XEN_ENOMEM if the process has too
 * many areas, or the error of the space. */
s64 area_change(struct process *process, u64 va, u64 length, bool remove, u64 flags);

#endif
