/* SPDX-License-Identifier: MIT */
/* The timeline: each CPU records what it does in a ring of its own (lib/watch_trace.h), while
 * tracing is on. Where something is to be recorded, the code asks trace_is_on() or trace_begin()
 * first: two instructions while tracing is off, and only on slow paths. The fast paths have none;
 * with TRACE_ALL the processor enters the hypervisor by other entries (cpu/start.h), which lead to
 * the slow paths.
 *
 * trace_begin() returns 0 while tracing is off, else the time at which a slice begins, to be passed
 * to trace_put. An instant has `begin` 0. A slice that began before tracing was switched on is not
 * recorded. Nothing here takes a lock, and what puts records is compiled for speed, not for size:
 * it is called only where trace_is_on() has said so. Records are put with interrupts off, and never
 * on an interrupt stack. */
#ifndef TRACE_TRACE_H
#define TRACE_TRACE_H

#include "lib/types.h"
#include "lib/watch_trace.h"

extern bool trace_on; /* changed while the other CPUs are stopped */

static inline bool trace_is_on(void)
{
    return __builtin_expect(trace_on, false);
}

static inline u64 trace_begin(void)
{
    return trace_is_on() ? __builtin_ia32_rdtsc() : 0;
}

/* Adds a record to this CPU's ring, or counts it as lost if the ring is full. */
void trace_put_packed(u32 what, u32 detail, u64 value, u64 begin) __attribute__((noinline));
static inline void trace_put(enum trace_kind kind, u32 number, u32 detail, u64 value, u64 begin)
{
    trace_put_packed(kind | number << 16, detail, value, begin);
}

/* Records that this CPU now runs vCPU `vcpu` of domain `domain` (TRACE_NOBODY: nothing); later
 * records name it. */
void trace_run(u32 domain, u32 vcpu) __attribute__((noinline));

/* Record an interrupt of vector `vector` that this CPU has sent to CPU `to`, and that this CPU has
 * served those which had been sent to it. */
void trace_ipi_sent(u32 to, u32 vector) __attribute__((noinline));
void trace_ipi_served(u32 vector) __attribute__((noinline));

/* Record a hypercall with its first arguments, and an exception or interrupt of a guest, when they
 * end. A hypercall that began before tracing was switched on is not recorded, a trap is an instant.
 */
void trace_call_begins(u16 number, u32 first, u32 second) __attribute__((noinline));
void trace_call_ends(s64 result) __attribute__((noinline));
void trace_trap_begins(void) __attribute__((noinline));
void trace_trap_ends(u32 vector, u32 error_code) __attribute__((noinline));

/* Notes the time at which this CPU begins a step of a promotion, or of a `demotion`, of a table of
 * `level` (1 to 4); and records the end of the last step of that level, of a frame of domain
 * `owner`. */
void trace_step_begins(bool demotion, u32 level) __attribute__((noinline));
void trace_step_ends(bool demotion, u32 level, u32 owner, u64 frame) __attribute__((noinline));

/* ---- starting and stopping: by one CPU at a time ---- */

/* Makes empty rings with room for `records` records a CPU, a power of two, for the CPUs that are
 * online. False: no memory. Tracing must be off. */
bool trace_prepare(u32 records);

/* Switches tracing on or off for all CPUs; `flags`: TRACE_ALL. The caller has stopped the other
 * CPUs (cpu/stop.h), and calls trace_seat for each CPU after switching it on: it says what CPU
 * `cpu` runs. The others change their entries when they go on. */
void trace_switch_on(u32 flags);
void trace_seat(u32 cpu, u32 domain, u32 vcpu);
void trace_switch_off(void);

/* Makes this CPU enter the hypervisor as tracing demands now. */
void trace_use_entries(void);

/* Gives the memory of the rings back. Tracing must be off, and nobody reads. */
void trace_free(void);

/* The directory of the rings; NULL: there are none. */
const struct trace_directory *trace_directory(void);

/* Finds the ring of CPU `cpu`, its array, and the number of elements. NULL: there is none. */
struct trace_ring *trace_ring(u32 cpu, const struct trace_record **records, u64 *count);

#endif
