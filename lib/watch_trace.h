/* SPDX-License-Identifier: MIT */
/* The timeline: what the hypervisor records while it is asked to, and how a tool gets it. Part of
 * lib/watch.h.
 *
 * Each CPU writes records to a ring of its own. A tool reads them: of an emulated machine, in the
 * machine's memory, where the directory says (`pinion run --trace`); else by WATCH_TRACE_READ. A
 * CPU never overwrites a record that has not been read: it counts what it could not write in
 * `lost`. The records of one CPU are in the order in which they were written, which for a slice is
 * when it ended. */
#ifndef LIB_WATCH_TRACE_H
#define LIB_WATCH_TRACE_H

#include "lib/types.h"

/* What a record is about. A slice has lasted `span` ticks; an instant has span 0. The comments say
 * what `number`, `detail` and `value` are; what is not named is 0. */
enum trace_kind {
    TRACE_RUN = 1,      /* the CPU now runs the vCPU in `domain` and `vcpu`, or nothing
                           (TRACE_NOBODY) */
    TRACE_CALL = 2,     /* slice, hypercall: its number; the first argument's lower half; the lower
                           halves of the second argument and, in the upper half, of the result */
    TRACE_FAULT = 3,    /* slice, page fault: 1 if it was a store to a page table that was
                           executed; error code; address */
    TRACE_TRAP = 4,     /* slice, another exception or interrupt of a guest: the vector, or from 256
                           on system call instructions; error code */
    TRACE_PROMOTED = 5, /* slice, from the last step's beginning: level; owner; frame number */
    TRACE_DEMOTED = 6,  /* likewise */
    TRACE_PINNED = 7,   /* level; owner; frame number */
    TRACE_UNPINNED = 8, /* likewise */
    TRACE_FLUSH = 9,    /* slice, flush that the virtual MMU needs: the set of CPUs in `value` */
    TRACE_REFUSED = 10, /* rule (enum vmmu_result); domain; the word that was refused */
    TRACE_SENT = 11,    /* event: target port; sequence number of the target vCPU; target domain,
                           and its vCPU from bit 16 on */
    TRACE_UPCALL = 12,  /* the vCPU gets an upcall for events: those with sequence numbers after
                           `value`, up  to `detail` */
    TRACE_IPI = 13,     /* interrupt sent to CPU `number`: a sequence number of that CPU; vector */
    TRACE_IPI_DONE = 14, /* interrupt of another CPU served: vector; those with sequence numbers
                            after `value`, up to `detail` */
    TRACE_COUNTER = 15,  /* number of a counter (vmmu_counters); domain; its value */
    TRACE_KINDS = 16,
};

#define TRACE_NOBODY 0xffffu /* no domain, no vCPU */

struct trace_record {
    u64 tsc;  /* of the beginning */
    u32 span; /* ticks, at most 2^32 - 1 */
    u16 kind; /* enum trace_kind */
    u16 number;
    u16 domain, vcpu; /* who ran on the CPU; TRACE_NOBODY: nobody */
    u32 detail;
    u64 value;
};

/* A ring: its CPU writes to `head` and `lost`, the reader to `tail`. They count records since the
 * start; record N is element N % count of the array. */
struct trace_ring {
    u64 head;
    u64 lost; /* records that found no room */
    u64 gap[6];
    u64 tail;
    u64 gap2[7];
};

#define TRACE_CPUS_MAX      64u
#define TRACE_RECORDS_LEAST 128u       /* a CPU */
#define TRACE_RECORDS_MOST  (1u << 20) /* a CPU: 32 MiB */
#define TRACE_MAGIC         0x6563617274706ef0ull

/* The directory: one page, whose machine address the log says: `trace: directory at ADDRESS`. */
struct trace_directory {
    u64 magic;
    u32 version; /* WATCH_VERSION */
    u32 cpus;
    u64 tsc_khz;
    u64 start; /* TSC at the start */
    struct {
        u64 ring;    /* machine address of the struct trace_ring */
        u64 records; /* machine address of the array */
        u64 count;   /* elements of the array, a power of two */
    } cpu[TRACE_CPUS_MAX];
};

/* With TRACE_ALL each hypercall, each page fault and each store to a page table is recorded, and
 * takes the slow path; without it, only those that take it in any case. */
#define TRACE_ALL 1u

/* WATCH_TRACE_START. Also refuses: EINVAL: an unknown flag, or a number of records that is no power
 * of two from TRACE_RECORDS_LEAST to TRACE_RECORDS_MOST; EBUSY: a trace is running; ENOMEM. What
 * an earlier trace has left unread is dropped. */
struct watch_trace_start {
    u32 version;
    u32 flags;
    u32 records; /* room for so many records a CPU */
    u32 cpus;    /* out */
    u64 tsc_khz; /* out */
    u64 start;   /* out: TSC */
};

/* WATCH_TRACE_STOP: nothing is recorded any more; what was recorded can still be read. With
 * TRACE_FREE the memory is given back, and what was not read is dropped. */
#define TRACE_FREE 1u
struct watch_trace_stop {
    u32 version;
    u32 flags;
};

/* WATCH_TRACE_READ: takes up to `count` records of a CPU, the oldest first. Also refuses: EINVAL:
 * no such CPU; ENOENT: no trace was started. One reader at a time. */
struct watch_trace_read {
    u32 version;
    u32 cpu;
    u64 buffer; /* address of the records */
    u32 count;  /* in: room; out: how many there are now in the buffer */
    u32 gap;
    u64 lost; /* out: of this CPU, since the start */
};

#endif
