/* SPDX-License-Identifier: MIT */
/* The timeline in a process: there is never memory for its rings, so it is never on. */
#include "hypervisor/trap/tracing.h"

#include <stddef.h>

bool trace_on;

void trace_put(enum trace_kind kind, u32 number, u32 detail, u64 value, u64 begin)
{
    (void)kind;
    (void)number;
    (void)detail;
    (void)value;
    (void)begin;
}

void trace_ipi_sent(u32 to, u32 vector)
{
    (void)to;
    (void)vector;
}

void trace_call_begins(u16 number, u32 first, u32 second)
{
    (void)number;
    (void)first;
    (void)second;
}

void trace_call_ends(s64 result)
{
    (void)result;
}

bool tracing_start(u32 records, u32 flags)
{
    (void)records;
    (void)flags;
    return false;
}

void tracing_stop(void)
{
}

void trace_free(void)
{
}

const struct trace_directory *trace_directory(void)
{
    return NULL;
}

struct trace_ring *trace_ring(u32 cpu, const struct trace_record **records, u64 *count)
{
    (void)cpu;
    (void)records;
    (void)count;
    return NULL;
}
