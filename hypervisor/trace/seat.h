/* SPDX-License-Identifier: MIT */
/* What each CPU knows of its ring; for the files of this folder. */
#ifndef TRACE_SEAT_H
#define TRACE_SEAT_H

#include <stdatomic.h>

#include "hypervisor/trace/trace.h"

struct trace_seat {
    _Alignas(64) struct trace_record *next; /* the element for the next record */
    struct trace_record *end; /* where find_room must be asked: nothing may be written from here */
    struct trace_ring *ring;  /* NULL: the CPU has none; `next` is `end` then */
    u32 who;                  /* what the CPU runs: trace_who */
    struct trace_record *records;
    u64 mask;               /* the number of elements, less 1 */
    _Atomic u32 interrupts; /* how many other CPUs have sent this one; any CPU */
    u32 served;             /* how many of them were served */
    u64 call_begun;         /* the hypercall that is being served; 0: none */
    u32 call_first, call_second;
    u16 call_number;
    u64 trap_begun; /* the exception or interrupt that is being served; 0: none */
    u64 step[2][5]; /* when a step began: of a promotion, of a demotion; by level */
};

extern struct trace_seat trace_seats[TRACE_CPUS_MAX];

/* A domain and a vCPU as a record has them side by side. */
static inline u32 trace_who(u32 domain, u32 vcpu)
{
    return (u16)domain | vcpu << 16;
}

/* Writes one record of the CPU whose seat this is. */
void trace_write(struct trace_seat *seat, const struct trace_record *record);

#endif
