/* SPDX-License-Identifier: MIT */
/* Starting and stopping the timeline on all CPUs (trace/trace.h). Call these with no lock held that
 * is not only tried, at boot or for a hypercall; by one CPU at a time. */
#ifndef TRAP_TRACING_H
#define TRAP_TRACING_H

#include "hypervisor/trace/trace.h"

/* Starts with empty rings; `records` a CPU, a power of two; `flags`: TRACE_ALL. Tracing is off.
 * False: no memory. */
bool tracing_start(u32 records, u32 flags);

/* Stops. The rings stay. Does nothing if tracing is off. */
void tracing_stop(void);

#endif
